package wire

import (
	"encoding/binary"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// urlLists is the model of the announce URLs of torrents: thousands have the same
// few lists of them. Both ends give each new one the next number, as long as there
// is room, as they do with words.
type urlLists struct {
	known [][]string
	index map[string]int // the encoder's, by the URLs with the length before each
	bytes int
	fresh entropy.Bit // is it a new list
	at    entropy.Uint
	count entropy.Uint // of URLs in a new one
	words words        // the URLs
	key   []byte       // reused
}

func newURLLists(text *entropy.Text) urlLists {
	return urlLists{index: make(map[string]int), words: newWords(text)}
}

// urls codes the announce URLs of a torrent. What a decoder returns is shared, as
// is what the encoder was given: neither is written to.
func (l *urlLists) urls(c *entropy.Coder, urls []string) ([]string, error) {
	l.key = l.key[:0]
	for _, u := range urls {
		l.key = append(binary.AppendUvarint(l.key, uint64(len(u))), u...)
	}
	at, known := l.index[string(l.key)]
	if !l.fresh.Bool(c, !known) {
		n := l.at.Code(c, uint64(at))
		if n >= uint64(len(l.known)) {
			return nil, entropy.ErrCorrupt
		}
		return l.known[n], nil
	}
	n := l.count.Code(c, uint64(len(urls)))
	if n > state.MaxURLs {
		return nil, entropy.ErrCorrupt
	}
	if c.Decoding() && n > 0 {
		urls = make([]string, n)
	}
	size := 0
	for i, u := range urls {
		word, err := l.words.word(c, u, state.MaxURL)
		if err != nil {
			return nil, err
		}
		if size += len(word); c.Decoding() {
			urls[i] = word
		}
	}
	if len(l.known) < maxWords && l.bytes+size <= maxWordBytes {
		if !c.Decoding() {
			l.index[string(l.key)] = len(l.known)
		}
		l.known = append(l.known, urls)
		l.bytes += size
	}
	return urls, nil
}

// optionSets is the model of the options of torrents, of which there are few that differ.
type optionSets struct {
	known []state.Options
	index map[state.Options]int // the encoder's
	fresh entropy.Bit           // are they new ones
	at    entropy.Uint
	has   [state.OptionsNumbers]entropy.Bit // is a number other than in the last new ones
	by    entropy.Int                       // by how much
	last  [state.OptionsNumbers]int64
}

func newOptionSets() optionSets {
	return optionSets{index: make(map[state.Options]int)}
}

// options codes the options of a torrent.
func (s *optionSets) options(c *entropy.Coder, o state.Options) (state.Options, error) {
	at, known := s.index[o]
	if !s.fresh.Bool(c, !known) {
		n := s.at.Code(c, uint64(at))
		if n >= uint64(len(s.known)) {
			return o, entropy.ErrCorrupt
		}
		return s.known[n], nil
	}
	numbers := o.Numbers()
	for i := range numbers {
		numbers[i] = differing(c, &s.has[i], &s.by, numbers[i], s.last[i])
	}
	o, ok := state.OptionsOf(numbers)
	if !ok {
		return o, entropy.ErrCorrupt
	}
	s.last = numbers
	if len(s.known) < maxWords {
		if !c.Decoding() {
			s.index[o] = len(s.known)
		}
		s.known = append(s.known, o)
	}
	return o, nil
}

// differing codes a number that mostly is what it was last.
func differing(c *entropy.Coder, has *entropy.Bit, by *entropy.Int, v, last int64) int64 {
	if !has.Bool(c, v != last) {
		return last
	}
	return last + by.Code(c, v-last)
}
