package control

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
)

// maxDepth is how deep lists and dictionaries of a .torrent file may be in each
// other; those that there are have six levels.
const maxDepth = 32

var errBencode = errors.New("not bencoded")

// bencoded is a text in BEP 3's encoding. It is read strictly: what two readers
// could understand differently, such as a key that is there twice or a number with
// a leading zero, is refused, so that the box sees no other torrent than home.
type bencoded []byte

// whole checks that b is one value and nothing more.
func (b bencoded) whole() error {
	end, err := b.skip(0, 0)
	if err == nil && end != len(b) {
		err = errBencode
	}
	return err
}

// skip returns where the value that begins at i ends.
func (b bencoded) skip(i, depth int) (int, error) {
	if i >= len(b) || depth > maxDepth {
		return 0, errBencode
	}
	switch b[i] {
	case 'i':
		_, end, err := b.digits(i+1, 'e', true)
		return end, err
	case 'l':
		for i++; i < len(b) && b[i] != 'e'; {
			end, err := b.skip(i, depth+1)
			if err != nil {
				return 0, err
			}
			i = end
		}
		if i >= len(b) {
			return 0, errBencode
		}
		return i + 1, nil
	case 'd':
		return b.each(i, depth, func([]byte, bencoded) error { return nil })
	}
	_, end, err := b.text(i)
	return end, err
}

// digits reads a decimal number up to a mark, and returns it and what comes after.
func (b bencoded) digits(i int, mark byte, signed bool) (n int64, end int, err error) {
	length := bytes.IndexByte(b[i:min(i+21, len(b))], mark)
	if length <= 0 {
		return 0, 0, errBencode
	}
	s := string(b[i : i+length])
	n, err = strconv.ParseInt(s, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != s || n < 0 && !signed {
		return 0, 0, errBencode
	}
	return n, i + length + 1, nil
}

// text reads the string that begins at i.
func (b bencoded) text(i int) (s []byte, end int, err error) {
	n, start, err := b.digits(i, ':', false)
	if err != nil || n > int64(len(b)-start) {
		return nil, 0, errBencode
	}
	return b[start : start+int(n)], start + int(n), nil
}

// each calls f for every key of the dictionary that begins at i, with its value,
// and returns where it ends.
func (b bencoded) each(i, depth int, f func(key []byte, value bencoded) error) (int, error) {
	if i >= len(b) || b[i] != 'd' {
		return 0, errBencode
	}
	var keys [][]byte
	for i++; i < len(b) && b[i] != 'e'; {
		key, start, err := b.text(i)
		if err != nil {
			return 0, err
		}
		end, err := b.skip(start, depth+1)
		if err != nil {
			return 0, err
		}
		if err := f(key, b[start:end]); err != nil {
			return 0, err
		}
		keys, i = append(keys, key), end
	}
	if i >= len(b) {
		return 0, errBencode
	}
	if !slices.IsSortedFunc(keys, bytes.Compare) { // as many programs write them
		slices.SortFunc(keys, bytes.Compare)
	}
	for n := 1; n < len(keys); n++ {
		if bytes.Equal(keys[n-1], keys[n]) {
			return 0, errBencode
		}
	}
	return i + 1, nil
}

// items calls f for every element of the list b.
func (b bencoded) items(f func(bencoded) error) error {
	if len(b) < 2 || b[0] != 'l' {
		return errBencode
	}
	for i := 1; b[i] != 'e'; {
		end, err := b.skip(i, 0)
		if err != nil {
			return err
		}
		if err := f(b[i:end]); err != nil {
			return err
		}
		i = end
	}
	return nil
}

// number returns the number that b is.
func (b bencoded) number() (int64, error) {
	if len(b) == 0 || b[0] != 'i' {
		return 0, errBencode
	}
	n, end, err := b.digits(1, 'e', true)
	if err == nil && end != len(b) {
		err = errBencode
	}
	return n, err
}

// str returns the string that b is.
func (b bencoded) str() (string, error) {
	s, end, err := b.text(0)
	if err == nil && end != len(b) {
		err = errBencode
	}
	return string(s), err
}
