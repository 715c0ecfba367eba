package transmission

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// Transmission locks its RPC, for everybody, after 100 wrong passwords in a row
// until it is restarted. A stale password is therefore tried three times, then
// once after ten minutes, and after pauses that double up to a day: the hundred
// are then months away.
const (
	maxRefusals = 3
	firstPause  = 10 * time.Minute
	longPause   = 24 * time.Hour
)

// maxPassword bounds the password, in bytes.
const maxPassword = 1024

// login is the user name and password, and how often the daemon has refused
// them. It is safe for concurrent use.
type login struct {
	user string
	file string // empty: no password is sent

	mu       sync.Mutex
	seen     fileVersion
	password string
	refusals int           // in a row, of this password
	pause    time.Duration // the next one
	notUntil time.Time     // no try before this once refusals reach maxRefusals
}

// fileVersion tells one content of a file from the next.
type fileVersion struct {
	modified time.Time
	size     int64
}

// try is one use of the password. What comes of an older one says nothing of
// the present password.
type try fileVersion

// next returns the password for one more try, or ErrUnauthorized when the
// daemon has refused it too often for now.
func (l *login) next() (string, try, error) {
	if l.file == "" {
		return "", try{}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.readLocked(); err != nil {
		return "", try{}, err
	}
	if l.refusals >= maxRefusals && time.Now().Before(l.notUntil) {
		return "", try{}, fmt.Errorf("not tried again for now: %w", ErrUnauthorized)
	}
	return l.password, try(l.seen), nil
}

// readLocked reads the file again when it has changed.
func (l *login) readLocked() error {
	f, err := os.Open(l.file)
	if err != nil {
		return fmt.Errorf("%w: %w: make it readable for the agent's user", ErrPasswordFile, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPasswordFile, err)
	}
	version := fileVersion{info.ModTime(), info.Size()}
	if version == l.seen {
		return nil
	}
	if info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("%w %s can be read by everybody on this machine: `chmod o-rwx` it", ErrPasswordFile, l.file)
	}
	password, err := firstLine(f)
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrPasswordFile, l.file, err)
	}
	l.seen, l.password, l.refusals, l.pause = version, password, 0, 0
	return nil
}

func firstLine(r io.Reader) (string, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxPassword+1))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	line = strings.TrimSuffix(line, "\r")
	switch {
	case line == "":
		return "", errors.New("its first line is empty: write the daemon's password there")
	case len(line) > maxPassword:
		return "", fmt.Errorf("its first line is longer than %d bytes", maxPassword)
	}
	return line, nil
}

// accepted notes that the daemon took the password.
func (l *login) accepted(t try) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t == try(l.seen) {
		l.refusals, l.pause = 0, 0
	}
}

// refused notes that it did not.
func (l *login) refused(t try) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t != try(l.seen) {
		return
	}
	l.refusals++
	if l.refusals >= maxRefusals {
		l.pause = min(max(2*l.pause, firstPause), longPause)
		l.notUntil = time.Now().Add(l.pause)
	}
}
