// Package controllers owns the list of those who may log in to a box: a folder
// with one file for each, which commands change and the running agent watches.
// The files hold public keys only; the secrets are at home.
package controllers

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"offing/configs"
	"offing/tunnel/tor"
)

// What Add and Remove return for a name that is taken, that is not there, or
// that cannot be one.
var (
	ErrExists  = errors.New("there is a controller of that name")
	ErrUnknown = errors.New("there is no controller of that name")
	ErrName    = errors.New("a name is 1 to 32 lower-case letters, digits and hyphens, and begins with no hyphen")
)

const maxName = 32 // characters

// Controller is one who may log in.
type Controller struct {
	Name   string
	Login  ed25519.PublicKey   // for the SSH login
	Client tor.ClientPublicKey // for finding the onion service
}

// Folder is where the files are.
type Folder string

// Open makes the folder if need be.
func Open(dir string) (Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("folder of controllers: %w", err)
	}
	return Folder(dir), nil
}

// List returns the controllers by name. The error names each file that cannot
// be read, whose owner therefore may not log in.
func (f Folder) List() ([]Controller, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil, fmt.Errorf("folder of controllers: %w", err)
	}
	var list []Controller
	var faults []error
	for _, e := range entries {
		if checkName(e.Name()) != nil {
			continue // a file that is being written, or somebody's note
		}
		c, err := f.read(e.Name())
		switch {
		case errors.Is(err, fs.ErrNotExist): // revoked a moment ago
		case err != nil:
			faults = append(faults, fmt.Errorf("controller %s may not log in: %w: revoke it, and pair again", e.Name(), err))
		default:
			list = append(list, c)
		}
	}
	return list, errors.Join(faults...)
}

// Add writes the file of a new controller.
func (f Folder) Add(c Controller) error {
	if err := checkName(c.Name); err != nil {
		return err
	}
	temp, err := os.CreateTemp(string(f), ".new-*")
	if err != nil {
		return fmt.Errorf("add a controller: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(encode(c))
	if err = errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("add a controller: %w", err)
	}
	// Unlike a rename, a link refuses to replace what is there.
	err = os.Link(temp.Name(), f.path(c.Name))
	if errors.Is(err, fs.ErrExist) {
		return ErrExists
	}
	if err != nil {
		return fmt.Errorf("add a controller: %w", err)
	}
	return f.sync()
}

// Remove deletes a controller's file. A running agent ends its connections
// within a second.
func (f Folder) Remove(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	err := os.Remove(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrUnknown
	}
	if err != nil {
		return fmt.Errorf("revoke a controller: %w", err)
	}
	return f.sync()
}

// sync returns when the folder would survive a power cut as it is.
func (f Folder) sync() error {
	dir, err := os.Open(string(f))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f Folder) path(name string) string { return filepath.Join(string(f), name) }

func checkName(name string) error {
	if name == "" || len(name) > maxName || name[0] == '-' || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("%q is no name for a controller: %w", name, ErrName)
	}
	return nil
}

func encode(c Controller) string {
	return fmt.Sprintf("# Public keys of a controller that may log in here. No secrets.\nlogin = %q\nonion_client = %q\n",
		base64.StdEncoding.EncodeToString(c.Login), base64.StdEncoding.EncodeToString(c.Client[:]))
}

func (f Folder) read(name string) (Controller, error) {
	var keys struct {
		Login  string `toml:"login"`
		Client string `toml:"onion_client"`
	}
	if err := configs.Load(f.path(name), &keys); err != nil {
		return Controller{}, err
	}
	login, err1 := base64.StdEncoding.DecodeString(keys.Login)
	client, err2 := base64.StdEncoding.DecodeString(keys.Client)
	if err1 != nil || err2 != nil || len(login) != ed25519.PublicKeySize || len(client) != len(tor.ClientPublicKey{}) {
		return Controller{}, errors.New("the file does not hold two keys of 32 bytes")
	}
	return Controller{name, login, tor.ClientPublicKey(client)}, nil
}
