package tor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// makePrivate makes a folder that only we can enter; tor refuses others. One
// that others can enter and that holds something already, such as /run, is not
// ours to close.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is a folder that others use: name one of its own, or run `chmod 700 %s` if it is", dir, dir)
	}
	return os.Chmod(dir, 0o700)
}

// writeFile replaces a file whole or not at all, with mode 0600, and returns
// when it would survive a power cut. The new file is prepared in the folder work
// of the same file system.
func writeFile(path, work string, data []byte) (err error) {
	f, err := os.CreateTemp(work, ".new-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// maxSocketPath is the longest path in bytes that fits into a Unix socket
// address with its terminating zero: unix(7).
const maxSocketPath = 107

func checkSocketPath(path string) error {
	if len(path) > maxSocketPath {
		return fmt.Errorf("the path of the socket %s has %d characters, at most %d are possible: choose a shorter folder for sockets",
			path, len(path), maxSocketPath)
	}
	return nil
}
