package executor

import (
	"crypto/sha1"
	"errors"
	"strconv"
	"strings"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// maxNesting bounds how deep values of a .torrent file nest.
const maxNesting = 64

var errBencode = errors.New("no torrent file")

// readAddition returns the info hash of what is to be added, zero for what a URL
// leads to.
func readAddition(a *command.Addition) (state.Hash, *command.Fault) {
	switch {
	case len(a.Metainfo) > 0:
		info, err := infoOf(a.Metainfo)
		if err != nil {
			return state.Hash{}, &command.Fault{Code: command.BadTorrent, Text: "this is no torrent file: it cannot be read"}
		}
		return sha1.Sum(info), nil
	case a.Magnet != "":
		hash, ok := command.MagnetHash(a.Magnet)
		if !ok || len(a.Magnet) > command.MaxURL {
			return state.Hash{}, &command.Fault{Code: command.BadTorrent, Text: "this is no magnet link with an info hash (xt=urn:btih:)"}
		}
		return hash, nil
	}
	return state.Hash{}, nil
}

// infoOf returns the "info" dictionary of a .torrent file (BEP 3) as it is written.
func infoOf(text []byte) ([]byte, error) {
	s := bencode{text: text}
	var info []byte
	err := s.dictionary(maxNesting, func(key string, from int) error {
		if key == "info" {
			if info != nil || s.text[from] != 'd' {
				return errBencode
			}
			info = s.text[from:s.at]
		}
		return nil
	})
	if err != nil || info == nil || s.at != len(text) && strings.Trim(string(text[s.at:]), "\r\n\x00 ") != "" {
		return nil, errBencode
	}
	return info, nil
}

// bencode reads values from the front of a text.
type bencode struct {
	text []byte
	at   int
}

func (s *bencode) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// dictionary reads one, and calls member after each value, which begins at from.
func (s *bencode) dictionary(depth int, member func(key string, from int) error) error {
	if s.peek() != 'd' || depth == 0 {
		return errBencode
	}
	for s.at++; s.peek() != 'e'; {
		key, err := s.str()
		if err != nil {
			return err
		}
		from := s.at
		if err := s.value(depth - 1); err != nil {
			return err
		}
		if member != nil {
			if err := member(string(key), from); err != nil {
				return err
			}
		}
	}
	s.at++
	return nil
}

func (s *bencode) value(depth int) error {
	switch c := s.peek(); {
	case c == 'd':
		return s.dictionary(depth, nil)
	case c == 'l':
		if depth == 0 {
			return errBencode
		}
		for s.at++; s.peek() != 'e'; {
			if err := s.value(depth - 1); err != nil {
				return err
			}
		}
		s.at++
		return nil
	case c == 'i':
		return s.integer()
	}
	_, err := s.str()
	return err
}

func (s *bencode) integer() error {
	from := s.at + 1
	for s.at = from; s.peek() != 'e'; s.at++ {
		if c := s.peek(); (c < '0' || c > '9') && (c != '-' || s.at != from) {
			return errBencode
		}
	}
	if _, err := strconv.ParseInt(string(s.text[from:s.at]), 10, 64); err != nil {
		return errBencode
	}
	s.at++
	return nil
}

func (s *bencode) str() ([]byte, error) {
	n, digits := 0, 0
	for ; s.peek() >= '0' && s.peek() <= '9' && digits < 9; digits++ {
		n = n*10 + int(s.peek()-'0')
		s.at++
	}
	if digits == 0 || s.peek() != ':' || n > len(s.text)-s.at-1 {
		return nil, errBencode
	}
	s.at += 1 + n
	return s.text[s.at-n : s.at], nil
}
