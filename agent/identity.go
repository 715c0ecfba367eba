package agent

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// identity is what makes this box this box: without it home would have to pair
// anew.
type identity struct {
	hostKey ed25519.PrivateKey
	onion   onion
}

// openIdentity reads the keys, and makes them the first time. Agent and
// commands may do so at the same time.
func (c *Config) openIdentity(log *slog.Logger, newOnion onionMaker) (identity, error) {
	if err := openState(c.State); err != nil {
		return identity{}, err
	}
	unlock, err := lock(filepath.Join(c.State, lockKeys), syscall.LOCK_EX)
	if err != nil {
		return identity{}, err
	}
	defer unlock()
	key, err := loadHostKey(filepath.Join(c.State, "host_key"))
	if err != nil {
		return identity{}, fmt.Errorf("host key: %w", err)
	}
	o, err := newOnion(c.torConfig(log))
	return identity{key, o}, err
}

// loadHostKey reads an ed25519 key in OpenSSH's format, or makes one.
func loadHostKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeHostKey(path)
	}
	if err != nil {
		return nil, err
	}
	raw, err := ssh.ParseRawPrivateKey(text)
	if key, ok := raw.(*ed25519.PrivateKey); ok && err == nil {
		return *key, nil
	}
	return nil, fmt.Errorf("%s holds no ed25519 key without a passphrase: restore it from a backup, or remove it and pair again", path)
}

func makeHostKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, err
	}
	return key, writeFile(path, pem.EncodeToMemory(block))
}

// writeFile writes a new file, whole or not at all, with mode 0600.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
