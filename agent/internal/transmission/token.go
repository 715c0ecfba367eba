package transmission

import "fmt"

func (s *scanner) literal(word string) error {
	if end := s.at + len(word); end <= len(s.text) && string(s.text[s.at:end]) == word {
		s.at = end
		return nil
	}
	return s.malformed()
}

func (s *scanner) skipString() error {
	if s.peek() != '"' {
		return s.malformed()
	}
	for s.at++; ; s.at++ {
		switch c := s.peek(); {
		case c == '"':
			s.at++
			return nil
		case c < ' ':
			return s.malformed() // the end of the text too
		case c == '\\':
			if err := s.skipEscape(); err != nil {
				return err
			}
		}
	}
}

// skipEscape goes to the last character of an escape.
func (s *scanner) skipEscape() error {
	s.at++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			s.at++
			if !hexDigit(s.peek()) {
				return s.malformed()
			}
		}
		return nil
	}
	return s.malformed()
}

func (s *scanner) skipNumber() error {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if !s.digits() {
		return s.malformed()
	}
	if s.peek() == '.' {
		if s.at++; !s.digits() {
			return s.malformed()
		}
	}
	if s.peek()|0x20 == 'e' {
		if s.at++; s.peek() == '+' || s.peek() == '-' {
			s.at++
		}
		if !s.digits() {
			return s.malformed()
		}
	}
	return nil
}

// digits tells whether there were any.
func (s *scanner) digits() bool {
	from := s.at
	for digit(s.peek()) {
		s.at++
	}
	return s.at > from
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func hexDigit(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

func (s *scanner) space() {
	for c := s.peek(); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = s.peek() {
		s.at++
	}
}

// peek returns the next byte, or 0, which is in no JSON, at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) malformed() error { return fmt.Errorf("%w at byte %d", errSyntax, s.at) }
