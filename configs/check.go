package configs

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// checker holds a document against the type that it will be decoded into. The
// decoder stops at the first wrong value; this goes on to the end.
type checker struct {
	name   string
	data   []byte
	keys   []string // all that are known
	parser unstable.Parser
	faults []error
}

// document walks the expressions of the file from top to bottom.
func (c *checker) document(root reflect.Type) {
	c.parser.Reset(c.data)
	table, path := root, "" // of the table header above; nil below one that was a fault
	for c.parser.NextExpression() {
		e := c.parser.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, path = c.header(root, e)
		case unstable.KeyValue:
			if table != nil {
				c.keyValue(table, path, e)
			}
		}
	}
	// The parser knows what is wrong, the decoder also on which line.
	if c.parser.Error() != nil {
		err := toml.Unmarshal(c.data, &map[string]any{})
		c.faults = append(c.faults, decodeError(c.name, err))
	}
}

// header resolves [table] and [[array of tables]], to nil after a fault.
func (c *checker) header(root reflect.Type, e *unstable.Node) (reflect.Type, string) {
	t, path, offset, ok := c.resolve(root, "", e.Key())
	if !ok {
		return nil, path
	}
	switch isArray := t.Kind() == reflect.Slice; {
	case !isTable(element(t)) && t.Kind() != reflect.Map:
		c.fault(offset, "%q is no table: want %s", path, want(t))
		return nil, path
	case isArray != (e.Kind == unstable.ArrayTable):
		c.fault(offset, "want %s for %q", want(t), path)
		return nil, path
	}
	if t.Kind() == reflect.Map {
		return nil, path // its keys are the owner's own; the decoder checks the values
	}
	return element(t), path
}

func (c *checker) keyValue(table reflect.Type, path string, e *unstable.Node) {
	t, path, offset, ok := c.resolve(table, path, e.Key())
	if ok {
		c.value(t, path, offset, e.Value())
	}
}

// resolve follows a dotted key from table t. It reports a key that is not
// there, and says where in the file the key stands.
func (c *checker) resolve(t reflect.Type, path string, key unstable.Iterator) (reflect.Type, string, int, bool) {
	offset := 0
	for key.Next() {
		if t.Kind() == reflect.Map {
			return indirect(t.Elem()), path, offset, true
		}
		node := key.Node()
		offset = int(node.Raw.Offset)
		word := string(node.Data)
		t = element(t)
		if !isTable(t) {
			c.fault(offset, "%q is no table: want %s", path, want(t))
			return nil, path, offset, false
		}
		path = join(path, word)
		next, ok := lookup(t, word)
		if !ok {
			c.fault(offset, "unknown key %q%s", path, hint(path, c.keys))
			return nil, path, offset, false
		}
		t = next
	}
	return t, path, offset, true
}

// value checks what stands right of an equals sign, or within brackets.
func (c *checker) value(t reflect.Type, path string, offset int, v *unstable.Node) {
	if v.Raw.Length > 0 {
		offset = int(v.Raw.Offset)
	}
	switch {
	case !fits(t, v.Kind):
		c.fault(offset, "%q: want %s, not %s", path, want(t), kindWord(v.Kind))
	case isText(t):
		err := reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText(v.Data)
		if err != nil {
			c.fault(offset, "%q: %w", path, textFault(t, v.Data, err))
		}
	case v.Kind == unstable.Array && t.Kind() == reflect.Slice:
		for it := v.Children(); it.Next(); {
			c.value(indirect(t.Elem()), path, offset, it.Node())
		}
	case v.Kind == unstable.InlineTable && isTable(t):
		for it := v.Children(); it.Next(); {
			c.keyValue(t, path, it.Node())
		}
	}
}

// fits tells whether a TOML value of kind k can become a t. It says yes to
// types that no configuration of ours has, and leaves them to the decoder.
func fits(t reflect.Type, k unstable.Kind) bool {
	if isText(t) {
		return k == unstable.String
	}
	switch t.Kind() {
	case reflect.String:
		return k == unstable.String
	case reflect.Bool:
		return k == unstable.Bool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return k == unstable.Integer
	case reflect.Float32, reflect.Float64:
		return k == unstable.Float || k == unstable.Integer
	case reflect.Slice:
		return k == unstable.Array
	case reflect.Struct, reflect.Map:
		return k == unstable.InlineTable
	}
	return true
}

// fault records what is wrong at an offset into the file.
func (c *checker) fault(offset int, format string, args ...any) {
	line := 1 + bytes.Count(c.data[:min(offset, len(c.data))], []byte{'\n'})
	err := fmt.Errorf("%s:%d: %w", c.name, line, fmt.Errorf(format, args...))
	c.faults = append(c.faults, err)
}
