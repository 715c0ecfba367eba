package tornet

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	identityFile = "authority_identity_key"
	identityBits = 2048 // tor-gencert would take 3072, which lasts many times as long and protects nothing here
	relayFile    = "secret_id_key"
	relayBits    = 1024 // all that tor accepts: tor-spec, "Keys and names"
	certMonths   = "12" // validity of an authority's signing key
)

// makeAuthorityKeys makes an authority's identities, as an authority and as a
// relay, where tor looks for them. tor would make the latter at its start, but
// every tor of the network has to be told both fingerprints before.
func (n *node) makeAuthorityKeys(ctx context.Context) error {
	keys := filepath.Join(n.dir, "keys")
	err := os.MkdirAll(keys, 0o700)
	if err == nil {
		n.authorityID, err = makeKey(filepath.Join(keys, identityFile), identityBits)
	}
	if err == nil {
		n.relayID, err = makeKey(filepath.Join(keys, relayFile), relayBits)
	}
	if err != nil {
		return fmt.Errorf("keys of %s: %w", n.name, err)
	}
	gencert := exec.CommandContext(ctx, "tor-gencert", "-i", identityFile, "-m", certMonths, "-a", n.dirAddr)
	gencert.Dir = keys
	if out, err := gencert.CombinedOutput(); err != nil {
		return fmt.Errorf("tor-gencert, which comes with tor: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// makeKey writes a new RSA key and returns its fingerprint: SHA-1 of the public
// key in PKCS #1, in hexadecimal (tor-spec, "Keys and names").
func makeKey(path string, bits int) (fingerprint string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return "", err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		return "", err
	}
	return fmt.Sprintf("%X", sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey))), nil
}
