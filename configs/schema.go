package configs

import (
	"encoding"
	"reflect"
	"slices"
	"strings"
)

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// Keys returns every key that Load accepts for v, a struct or a pointer to one:
// dotted paths such as "tor.binary", the tables themselves included, in
// alphabetical order. Tests use it to hold an example file against a struct.
func Keys(v any) []string {
	var keys []string
	appendKeys(&keys, "", indirect(reflect.TypeOf(v)))
	slices.Sort(keys)
	return keys
}

func appendKeys(keys *[]string, table string, t reflect.Type) {
	for f := range fields(t) {
		path := join(table, f.key)
		*keys = append(*keys, path)
		if u := element(f.typ); isTable(u) {
			appendKeys(keys, path, u)
		}
	}
}

// field is a key that a table may have.
type field struct {
	key string
	typ reflect.Type
}

// fields yields the keys of struct t; those of an embedded struct without a tag
// are its own.
func fields(t reflect.Type) func(yield func(field) bool) {
	return func(yield func(field) bool) { eachField(t, yield) }
}

func eachField(t reflect.Type, yield func(field) bool) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case key == "-" || !f.IsExported() && !f.Anonymous:
		case key == "" && f.Anonymous && indirect(f.Type).Kind() == reflect.Struct:
			if !eachField(indirect(f.Type), yield) {
				return false
			}
		case f.IsExported():
			if key == "" {
				key = strings.ToLower(f.Name)
			}
			if !yield(field{key, indirect(f.Type)}) {
				return false
			}
		}
	}
	return true
}

// lookup finds the type of a key of struct t.
func lookup(t reflect.Type, key string) (reflect.Type, bool) {
	for f := range fields(t) {
		if f.key == key {
			return f.typ, true
		}
	}
	return nil, false
}

// isText tells whether t is written as a string that it reads itself.
func isText(t reflect.Type) bool { return reflect.PointerTo(t).Implements(textUnmarshaler) }

// isTable tells whether t is written as a table with known keys.
func isTable(t reflect.Type) bool { return t.Kind() == reflect.Struct && !isText(t) }

// element is what the brackets of an array, or of an array of tables, enclose.
func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Slice && !isText(t) {
		t = indirect(t.Elem())
	}
	return t
}

func indirect(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

func join(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}
