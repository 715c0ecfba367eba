package executor

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// cutOff is what was cut off the end of a journal.
type cutOff struct {
	bytes int64
	aside bool // good records were among it: it is in the file damagedName
}

// cutOff looks at what follows the good part of a journal of that size, and keeps it
// aside when there are records in it: a disk that loses what it had written does so in
// the midst of a file, a power cut at its end.
func (j *journal) cutOff(size int64) (cutOff, error) {
	rest := make([]byte, size-j.size)
	if _, err := io.ReadFull(io.NewSectionReader(j.file, j.size, size), rest); err != nil {
		return cutOff{}, err
	}
	cut := cutOff{bytes: int64(len(rest)), aside: hasRecord(rest)}
	if !cut.aside {
		return cut, nil
	}
	if err := keepAside(filepath.Join(j.dir, damagedName), rest); err != nil {
		return cut, fmt.Errorf("keep what follows the damage: %w", err)
	}
	return cut, nil
}

// keepAside writes a file for good, in the place of an older one.
func keepAside(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// hasRecord tells whether a good record begins anywhere in b.
func hasRecord(b []byte) bool {
	// Every record is a map whose first key is 1, with its kind (RFC 8949, section 3.1).
	const least = frameHeader + 3
	for ; len(b) >= least; b = b[1:] {
		if b[frameHeader]>>5 != 5 || b[frameHeader+1] != 1 || b[frameHeader+2] > byte(recordForgotten) {
			continue
		}
		if size := binary.BigEndian.Uint32(b); uint64(size) > uint64(len(b)-frameHeader) {
			continue
		}
		if _, _, err := readRecord(bufio.NewReader(bytes.NewReader(b))); err == nil {
			return true
		}
	}
	return false
}
