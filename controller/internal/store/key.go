package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyLen is the length of the store's key in bytes; the file holds it in hex.
const keyLen = 32

// loadKey reads the key, or makes one for a store that is new. The check file
// stands beside the data and tells whether the key is the data's own: the server
// itself would pass over what it cannot decrypt and begin anew.
func loadKey(keyFile, checkFile string) ([]byte, error) {
	want, err := os.ReadFile(checkFile)
	isNew := errors.Is(err, fs.ErrNotExist)
	if err != nil && !isNew {
		return nil, err
	}
	key, err := readKey(keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		if !isNew {
			return nil, fmt.Errorf("%w (%s is missing)", ErrWrongKey, keyFile)
		}
		key, err = makeKey(keyFile)
	}
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("offing store key check 1"))
	check := hex.AppendEncode(nil, mac.Sum(nil))
	if isNew {
		return key, writeFile(checkFile, check)
	}
	if !hmac.Equal(check, want) {
		return nil, fmt.Errorf("%w (%s)", ErrWrongKey, keyFile)
	}
	return key, nil
}

func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keyLen {
		return nil, fmt.Errorf("%s is no store key: it should hold %d hexadecimal digits", path, 2*keyLen)
	}
	return key, nil
}

func makeKey(path string) ([]byte, error) {
	key := make([]byte, keyLen)
	_, _ = rand.Read(key) // never fails: it ends the process instead
	return key, writeFile(path, append(hex.AppendEncode(nil, key), '\n'))
}

// writeFile creates path with content, durably and all or nothing.
func writeFile(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
