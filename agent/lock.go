package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Files in the state folder whose only use is that they can be locked. The
// kernel lets go of a lock when its process ends, however that ends.
const (
	lockRun  = "lock"      // held by the agent that runs
	lockKeys = "keys.lock" // held while keys are looked for and made
)

// openState makes the state folder, which only its owner may enter. One that is
// there is never changed: a slip in the configuration may have named /tmp.
func openState(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("state folder: %w: make it, or choose another with the key \"state\"", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("state folder %s can be entered by others: `chmod 700` it if it is the agent's alone, or choose another with the key \"state\"", dir)
	}
	return nil
}

// lockState makes this the one agent of a state folder.
func lockState(dir string) (unlock func(), err error) {
	unlock, err = lock(filepath.Join(dir, lockRun), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("another offing-agent runs on %s: stop that one, or give this one a \"state\" of its own", dir)
	}
	return unlock, err
}

// lock takes an exclusive lock of a file, as flock(2) does.
func lock(path string, how int) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
