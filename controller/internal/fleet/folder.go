package fleet

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"offing/tunnel"
)

// maxFile bounds a pairing file, in bytes. A pairing code has some two hundred.
const maxFile = 4096

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// CheckName tells whether a box can have that name, which is also its file's.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return errors.New("the name of a box has 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or a digit")
	}
	return nil
}

// pairingFile is what was found in one file. It is comparable, and holds a
// secret: it is never printed.
type pairingFile struct {
	path  string
	text  string
	fault string // why there is no text
}

// readDir returns the pairing files in dir by the names of their boxes, and
// makes dir when it is not there.
func readDir(dir string, log *slog.Logger) (map[string]pairingFile, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the boxes: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("folder of the boxes: %w", err)
	}
	files := make(map[string]pairingFile)
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || strings.HasPrefix(name, ".") {
			continue // an editor's, or one that is being written
		}
		if CheckName(name) != nil {
			log.Warn("a file in the folder of the boxes is left out, for its name cannot be a box's", "file", name)
			continue
		}
		files[name] = readFile(filepath.Join(dir, name))
	}
	return files, nil
}

func readFile(path string) pairingFile {
	text, err := readText(path)
	if err != nil {
		return pairingFile{path: path, fault: err.Error()}
	}
	return pairingFile{path: path, text: text}
}

func readText(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if len(text) > maxFile {
		err = errors.New("it is too long for a pairing code")
	}
	return string(text), err
}

// pairing reads the code in the file.
func (f pairingFile) pairing() (tunnel.Pairing, error) {
	if f.fault != "" {
		return tunnel.Pairing{}, errors.New(f.fault)
	}
	return tunnel.ParsePairing(f.text)
}
