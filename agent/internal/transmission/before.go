package transmission

import (
	"bytes"
	"encoding/json"
	"strings"

	"offing/tunnel/state"
)

// before is what the decoder of an answer knows when it reads a row, so that texts
// which are there already cost no memory.
type before struct {
	*state.Torrent // as it was last known, or an empty one

	texts map[string]string   // of this answer
	lists map[string][]string // of this answer, by the JSON that they were read from
	key   []byte              // reused
}

// text reads a text that many torrents have.
func (b *before) text(to *string, v value, known string) error {
	inner, ok := v.plain()
	switch {
	case !ok:
		return json.Unmarshal(v, to)
	case string(inner) == known:
		*to = known
		return nil
	}
	have, ok := b.texts[string(inner)]
	if !ok {
		have = string(inner)
		if b.texts == nil {
			b.texts = make(map[string]string)
		}
		b.texts[have] = have
	}
	*to = have
	return nil
}

// trackers reads the announce URLs out of "trackers", an array of objects in the
// order of their tiers. Those beyond what a state.Torrent has are left out.
func (b *before) trackers(to *[]string, v value) error {
	s, n, same := scanner{text: v}, 0, true
	b.key = b.key[:0]
	err := s.array(func() error {
		return s.object(func(key []byte) error {
			url, err := s.value()
			if err != nil || string(key) != "announce" || n == state.MaxURLs {
				return err
			}
			same = same && n < len(b.Trackers) && url.is(b.Trackers[n])
			b.key, n = append(append(b.key, url...), ','), n+1
			return nil
		})
	})
	if err != nil || n == 0 {
		return err
	}
	if same && n == len(b.Trackers) {
		*to = b.Trackers
		return nil
	}
	b.key[len(b.key)-1] = ']'
	return b.list(to, b.key, func() (list []string, err error) {
		err = json.Unmarshal(append([]byte{'['}, b.key...), &list)
		return list, err
	})
}

// trackerList reads the announce URLs out of "trackerList": one on a line, with an
// empty line between tiers. A daemon that does not know the field answers 0.
func (b *before) trackerList(to *[]string, v value) error {
	if len(v) == 0 || v[0] != '"' {
		return nil
	}
	rest, n, same := []byte(v[1:max(len(v)-1, 1)]), 0, true
	for more := true; more && same && n < state.MaxURLs; {
		var line []byte
		line, rest, more = bytes.Cut(rest, []byte(`\n`))
		if len(line) > 0 {
			same = n < len(b.Trackers) && string(line) == b.Trackers[n] && bytes.IndexByte(line, '\\') < 0
			n++
		}
	}
	if same && n == len(b.Trackers) {
		*to = b.Trackers
		return nil
	}
	return b.list(to, v, func() (list []string, err error) {
		var text string
		err = json.Unmarshal(v, &text)
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); line != "" && len(list) < state.MaxURLs {
				list = append(list, strings.Clone(line)) // the rest must not stay in memory
			}
		}
		return list, err
	})
}

// list returns the list that was read from the same JSON in this answer, or reads
// it.
func (b *before) list(to *[]string, key []byte, read func() ([]string, error)) (err error) {
	have, ok := b.lists[string(key)]
	if !ok {
		if have, err = read(); err != nil {
			return err
		}
		if b.lists == nil {
			b.lists = make(map[string][]string)
		}
		b.lists[string(key)] = have
	}
	*to = have
	return nil
}
