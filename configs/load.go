// Package configs owns how a configuration file is read: TOML into a plain
// struct that already holds the defaults, strictly. A key that the struct does
// not have, and a value of the wrong type, are errors that name the file, the
// line and what was expected, all of them at once. The folder also holds an
// example of each file with every key explained, and the systemd units.
package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// maxSize bounds a configuration file, in bytes. The examples have a few
// thousand; whatever is larger is another file given by mistake.
const maxSize = 1 << 20

// Load reads the TOML file at path into the struct that into points to. Fields
// whose keys are absent keep their values, so set the defaults first. The error
// joins one line for each fault, "FILE:LINE: what is wrong"; after an error the
// struct is not to be used.
//
// A key is the field's toml tag, matched exactly; a field tagged "-" has none.
// A type with UnmarshalText, such as Duration, is written as a string.
func Load(path string, into any) error {
	data, err := read(path)
	if err != nil {
		return err
	}
	return parse(path, data, into)
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file: copy the example from configs/ there, or name another with --config: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s: larger than %d bytes, which is no configuration file", path, maxSize)
	}
	return data, nil
}

// parse checks data against the shape of into, which finds every fault, and
// then decodes it. The decoder is strict too, so that a fault the check did not
// see is still an error.
func parse(name string, data []byte, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("configuration is read into a pointer to a struct, not into %T", into)
	}
	c := checker{name: name, data: data, keys: Keys(into)}
	c.document(v.Type().Elem())
	if len(c.faults) > 0 {
		return errors.Join(c.faults...)
	}
	if err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(into); err != nil {
		return decodeError(name, err)
	}
	return nil
}

// decodeError gives an error of the decoder the form of the other faults.
func decodeError(name string, err error) error {
	var at *toml.DecodeError
	if !errors.As(err, &at) {
		return fmt.Errorf("%s: %w", name, err)
	}
	line, _ := at.Position()
	return fmt.Errorf("%s:%d: %s", name, line, strings.TrimPrefix(err.Error(), "toml: "))
}
