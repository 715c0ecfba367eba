package tor

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cretz/bine/torutil/ed25519"
)

// The files of a HiddenServiceDir, in tor's format: a header of 32 bytes, then
// the key.
const (
	secretKeyFile = "hs_ed25519_secret_key"
	publicKeyFile = "hs_ed25519_public_key"
	hostnameFile  = "hostname"

	secretKeyHeader = "== ed25519v1-secret: type0 ==\x00\x00\x00"
	publicKeyHeader = "== ed25519v1-public: type0 ==\x00\x00\x00"
)

// onionKey is the identity of an onion service: an expanded ed25519 key, which
// unlike a seed has the scalar in its first half.
type onionKey struct {
	secret  ed25519.PrivateKey
	public  [32]byte
	address Address
}

func newOnionKey(secret ed25519.PrivateKey) onionKey {
	public := [32]byte(secret.PublicKey())
	return onionKey{secret, public, addressOf(public)}
}

// forControl returns the key as ADD_ONION takes it.
func (k onionKey) forControl() string {
	return "ED25519-V3:" + base64.StdEncoding.EncodeToString(k.secret)
}

// loadOnionKey reads the service's key from dir or makes one there, so that the
// address is known before tor has ever run.
func loadOnionKey(dir string) (onionKey, error) {
	secret, err := os.ReadFile(filepath.Join(dir, secretKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return createOnionKey(dir)
	}
	if err != nil {
		return onionKey{}, fmt.Errorf("read the onion service's key: %w", err)
	}
	private, ok := bytes.CutPrefix(secret, []byte(secretKeyHeader))
	if !ok || len(private) != ed25519.PrivateKeySize {
		return onionKey{}, fmt.Errorf("%s is not an onion service key: restore it from a backup", filepath.Join(dir, secretKeyFile))
	}
	key := newOnionKey(private)
	return key, key.writePublic(dir)
}

func createOnionKey(dir string) (onionKey, error) {
	known, err := exists(filepath.Join(dir, hostnameFile))
	if err != nil {
		return onionKey{}, fmt.Errorf("look for the onion service's key: %w", err)
	}
	if known {
		return onionKey{}, fmt.Errorf("%s is missing while the service's address is still there: restore it, or remove %s to get a new address",
			secretKeyFile, dir)
	}
	pair, err := ed25519.GenerateKey(nil)
	if err != nil {
		return onionKey{}, fmt.Errorf("make an onion service key: %w", err)
	}
	key := newOnionKey(pair.PrivateKey())
	if err := writeFile(filepath.Join(dir, secretKeyFile), dir, append([]byte(secretKeyHeader), key.secret...)); err != nil {
		return onionKey{}, fmt.Errorf("write the onion service's key: %w", err)
	}
	return key, key.writePublic(dir)
}

// writePublic writes what follows from the secret key, where it is missing or
// different.
func (k onionKey) writePublic(dir string) error {
	for name, want := range map[string][]byte{
		publicKeyFile: append([]byte(publicKeyHeader), k.public[:]...),
		hostnameFile:  []byte(k.address.Host() + "\n"),
	} {
		path := filepath.Join(dir, name)
		if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, want) {
			continue
		}
		if err := writeFile(path, dir, want); err != nil {
			return fmt.Errorf("write the onion service's %s: %w", name, err)
		}
	}
	return nil
}
