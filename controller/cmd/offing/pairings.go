package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"offing/controller/internal/fleet"
	"offing/tunnel"
)

// pairings is the folder with one file for each box, named as the box and
// holding its pairing code. The controller reads it too.
type pairings struct{ dir string }

func (p pairings) path(box string) string { return filepath.Join(p.dir, box) }

// names returns the boxes in alphabetical order.
func (p pairings) names() ([]string, error) {
	entries, err := os.ReadDir(p.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("folder of the boxes: %w", err)
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && fleet.CheckName(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// read returns the pairing of a box.
func (p pairings) read(box string) (tunnel.Pairing, error) {
	code, err := os.ReadFile(p.path(box))
	if errors.Is(err, fs.ErrNotExist) {
		return tunnel.Pairing{}, p.unknown(box)
	}
	if err != nil {
		return tunnel.Pairing{}, fmt.Errorf("the box %q cannot be read: %w", box, err)
	}
	pairing, err := tunnel.ParsePairing(string(code))
	if err != nil {
		return tunnel.Pairing{}, fmt.Errorf("the box %q: %w: pair again with `offing box add --replace %s`", box, err, box)
	}
	return pairing, nil
}

// age is how long ago a box was paired; very long when that cannot be said.
func (p pairings) age(box string) time.Duration {
	info, err := os.Stat(p.path(box))
	if err != nil {
		return math.MaxInt64
	}
	return time.Since(info.ModTime())
}

// unknown is the error of a box that is not there; it names those that are.
func (p pairings) unknown(box string) error {
	names, err := p.names()
	if err != nil || len(names) == 0 {
		return usage(fmt.Errorf("there is no box %q, nor any other: `offing box add NAME` adds one", box))
	}
	return usage(fmt.Errorf("there is no box %q: the boxes are %s", box, strings.Join(names, ", ")))
}

// write keeps the pairing of a box, whole or not at all. It does not overwrite
// another unless replace is set.
func (p pairings) write(box string, pairing tunnel.Pairing, replace bool) error {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return fmt.Errorf("folder of the boxes: %w", err)
	}
	// The dot keeps the controller from reading it before it is whole.
	fresh, err := os.CreateTemp(p.dir, ".new-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("keep the pairing: %w", err)
	}
	defer os.Remove(fresh.Name())
	_, err = fmt.Fprintln(fresh, pairing.Code())
	if err := errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return fmt.Errorf("keep the pairing: %w", err)
	}
	place := os.Link // fails when there is one
	if replace {
		place = os.Rename
	}
	err = place(fresh.Name(), p.path(box))
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("there is a box %q already: take another name, or give --replace to pair it anew", box)
	}
	if err != nil {
		return fmt.Errorf("keep the pairing: %w", err)
	}
	return nil
}

// remove forgets a box.
func (p pairings) remove(box string) error {
	err := os.Remove(p.path(box))
	if errors.Is(err, fs.ErrNotExist) {
		return p.unknown(box)
	}
	if err != nil {
		return fmt.Errorf("forget the box %q: %w", box, err)
	}
	return nil
}
