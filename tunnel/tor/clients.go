package tor

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Client authorization of an onion service: rend-spec-v3, "Client side and
// service side client authorization". tor reads every *.auth file.
const (
	clientsDir   = "authorized_clients"
	clientSuffix = ".auth"
	clientPrefix = "descriptor:x25519:"
	nobodyFile   = "nobody" + clientSuffix
)

var upperBase32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// clientList is the folder of the authorized clients. A service that authorizes
// nobody is open to everybody, hence one key that nobody has is always on it.
type clientList struct{ dir string }

// open makes the folder and the key of nobody.
func openClients(service string) (clientList, error) {
	l := clientList{filepath.Join(service, clientsDir)}
	if err := makePrivate(l.dir); err != nil {
		return l, fmt.Errorf("folder of authorized clients: %w", err)
	}
	nobody := filepath.Join(l.dir, nobodyFile)
	if _, err := readClient(nobody); err == nil {
		return l, nil
	}
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return l, fmt.Errorf("make a key that nobody has: %w", err)
	}
	return l, writeClient(nobody, ClientPublicKey(key.PublicKey().Bytes()))
}

// set authorizes exactly these keys, and nobody.
func (l clientList) set(keys []ClientPublicKey) error {
	wanted := map[string]bool{nobodyFile: true}
	for _, key := range keys {
		name := clientFile(key)
		wanted[name] = true
		path := filepath.Join(l.dir, name)
		if have, err := readClient(path); err == nil && have == key {
			continue
		}
		if err := writeClient(path, key); err != nil {
			return err
		}
	}
	files, err := l.files()
	if err != nil {
		return err
	}
	for _, name := range files {
		if wanted[name] {
			continue
		}
		if err := os.Remove(filepath.Join(l.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("revoke a client: %w", err)
		}
	}
	return syncDir(l.dir)
}

// keys returns the authorized keys, nobody's too.
func (l clientList) keys() ([]ClientPublicKey, error) {
	files, err := l.files()
	if err != nil {
		return nil, err
	}
	var keys []ClientPublicKey
	for _, name := range files {
		key, err := readClient(filepath.Join(l.dir, name))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (l clientList) files() ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("authorized clients: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), clientSuffix) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func clientFile(key ClientPublicKey) string {
	return lowerBase32.EncodeToString(key[:]) + clientSuffix
}

func (k ClientPublicKey) base32() string { return upperBase32.EncodeToString(k[:]) }

func writeClient(path string, key ClientPublicKey) error {
	// tor complains of any other file in the folder, hence the one above it.
	work := filepath.Dir(filepath.Dir(path))
	if err := writeFile(path, work, []byte(clientPrefix+key.base32()+"\n")); err != nil {
		return fmt.Errorf("authorize a client: %w", err)
	}
	return nil
}

func readClient(path string) (ClientPublicKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return ClientPublicKey{}, fmt.Errorf("authorized client: %w", err)
	}
	return parseClient(string(text))
}

// parseClient reads the line of an .auth file.
func parseClient(line string) (ClientPublicKey, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(line), clientPrefix)
	raw, err := upperBase32.DecodeString(encoded)
	if !ok || err != nil || len(raw) != len(ClientPublicKey{}) {
		return ClientPublicKey{}, errors.New("authorized client: the file does not hold one x25519 key")
	}
	return ClientPublicKey(raw), nil
}
