package wire

import (
	"unicode/utf8"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// maxWords and maxWordBytes bound what both ends remember of texts.
const (
	maxWords     = 1024
	maxWordBytes = 64 << 10
)

// words is the model of texts that come again and again as they are: labels and
// the texts of errors, folders, announce URLs. Both ends give each new one the next number, as long as
// there is room.
type words struct {
	known []string
	index map[string]int // the encoder's
	bytes int
	fresh entropy.Bit // is it a new text
	at    entropy.Uint
	text  *entropy.Text // the model of names as well
	count entropy.Uint  // of labels
}

func newWords(text *entropy.Text) words {
	return words{index: make(map[string]int), text: text}
}

// word codes one text of at most limit bytes.
func (w *words) word(c *entropy.Coder, s string, limit int) (string, error) {
	at, known := w.index[s]
	if w.fresh.Bool(c, !known) {
		return w.newWord(c, s, limit)
	}
	n := w.at.Code(c, uint64(at))
	if n >= uint64(len(w.known)) || len(w.known[n]) > limit {
		return "", entropy.ErrCorrupt
	}
	return w.known[n], nil
}

func (w *words) newWord(c *entropy.Coder, s string, limit int) (string, error) {
	s, err := w.text.Code(c, s, limit)
	if err != nil {
		return "", err
	}
	if !utf8.ValidString(s) {
		return "", entropy.ErrCorrupt
	}
	if len(w.known) < maxWords && w.bytes+len(s) <= maxWordBytes {
		w.index[s] = len(w.known)
		w.known = append(w.known, s)
		w.bytes += len(s)
	}
	return s, nil
}

// labels codes the labels of a torrent. Those of an encoder are not written to.
func (w *words) labels(c *entropy.Coder, labels []string) ([]string, error) {
	n := w.count.Code(c, uint64(len(labels)))
	if n > state.MaxLabels {
		return nil, entropy.ErrCorrupt
	}
	if !c.Decoding() {
		for _, l := range labels {
			_, _ = w.word(c, l, state.MaxLabel) // an encoder has no errors
		}
		return labels, nil
	}
	if n == 0 {
		return nil, nil
	}
	labels = make([]string, n)
	for i := range labels {
		var err error
		if labels[i], err = w.word(c, "", state.MaxLabel); err != nil {
			return nil, err
		}
	}
	return labels, nil
}
