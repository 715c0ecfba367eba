package transmission

import (
	"errors"
	"fmt"
)

// maxDepth bounds how deep values nest, as encoding/json does.
const maxDepth = 10_000

var (
	// errSyntax means that the text is no JSON.
	errSyntax = errors.New("malformed JSON")
	// errShape means that the text is JSON, but not of the form expected.
	errShape = errors.New("unexpected form")
)

// scanner reads JSON (RFC 8259) from the front of a text. It is as strict as
// encoding/json, and hands out parts of the text instead of copies: a list is
// asked for twice a second and mostly says what is known.
type scanner struct {
	text []byte
	at   int
}

// value goes past the next value and returns it as it is written.
func (s *scanner) value() (value, error) {
	s.space()
	from := s.at
	if err := s.skip(maxDepth); err != nil {
		return nil, err
	}
	return value(s.text[from:s.at]), nil
}

// object calls f after each key of the object that comes next, and f reads the
// value. null is an object without keys.
func (s *scanner) object(f func(key []byte) error) error {
	return s.delimited('{', '}', func() error {
		key, err := s.key()
		if err != nil {
			return err
		}
		return f(key)
	})
}

// array calls f before each element of the array that comes next, and f reads
// it. null is an array without elements.
func (s *scanner) array(f func() error) error { return s.delimited('[', ']', f) }

func (s *scanner) delimited(open, end byte, f func() error) error {
	switch s.space(); s.peek() {
	case 'n':
		return s.literal("null")
	case open:
		s.at++
	default:
		return fmt.Errorf("%w: want %c at byte %d", errShape, open, s.at)
	}
	if s.space(); s.peek() == end {
		s.at++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		s.space()
		switch c := s.peek(); c {
		case ',':
			s.at++
		case end:
			s.at++
			return nil
		default:
			return s.malformed()
		}
	}
}

// key reads a key and the colon after it.
func (s *scanner) key() ([]byte, error) {
	s.space()
	from := s.at
	if err := s.skipString(); err != nil {
		return nil, err
	}
	written := value(s.text[from:s.at])
	if s.space(); s.peek() != ':' {
		return nil, s.malformed()
	}
	s.at++
	return written.name()
}

// skip goes past a value in which at most depth values nest.
func (s *scanner) skip(depth int) error {
	switch c := s.peek(); c {
	case '"':
		return s.skipString()
	case '[', '{':
		if depth == 0 {
			return fmt.Errorf("%w: too deep", errSyntax)
		}
		element := func() error { s.space(); return s.skip(depth - 1) }
		if c == '[' {
			return s.array(element)
		}
		return s.object(func([]byte) error { return element() })
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.skipNumber()
}
