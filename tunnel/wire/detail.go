package wire

import (
	"errors"
	"time"
	"unicode/utf8"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// Detail is news of a torrent that home has open. It may be a part of the news
// only; then Whole is false and more follows.
type Detail struct {
	Whole  bool
	Gone   bool          // the box does not have the torrent
	Age    time.Duration // how long ago, when the frame was written, it was true
	Detail state.Detail  // unless Whole, only Hash is set
}

// Type returns TypeDetail.
func (*Detail) Type() Type { return TypeDetail }

func (*Detail) validate() error { return nil }

// A Detail is four lists of records and a field of bits. The first list has one
// record, what the torrent says of itself.
const (
	listHead     = 0
	listFiles    = 1
	listPeers    = 2
	listTrackers = 3
	lists        = 4
	listsEnd     = 4 // of a frame's lists
)

// most records of each list, and how long its texts may be.
var listLimits = [lists]struct {
	records, texts, ints int
	text                 [3]int
}{
	listHead:     {1, 3, 8, [3]int{state.MaxText, state.MaxText, state.MaxName}},
	listFiles:    {state.MaxFiles, 1, 4, [3]int{state.MaxName}},
	listPeers:    {state.MaxPeers, 3, 4, [3]int{state.MaxPeerText, state.MaxPeerText, state.MaxPeerText}},
	listTrackers: {state.MaxTrackers, 2, 6, [3]int{state.MaxURL, state.MaxText}},
}

// record is one file, peer or tracker, or the head.
type record struct {
	texts [3]string
	ints  [8]int64
}

// sheet is a Detail as it is coded.
type sheet struct {
	hash   state.Hash
	lists  [lists][]record
	pieces state.Pieces
}

// held is what both ends have of one open torrent.
type held struct {
	sheet
	used bool
	text int // bytes of text that the decoder keeps of it
}

// maxHeld bounds the text that both ends keep of one open torrent, in bytes.
const maxHeld = 4 << 20

// size is the bytes of text in a record.
func (r *record) size() int { return len(r.texts[0]) + len(r.texts[1]) + len(r.texts[2]) }

// detailModel is what both ends have learned of details.
type detailModel struct {
	open  [MaxOpen]held
	fresh entropy.Bit
	gone  entropy.Bit
	whole entropy.Bit
	list  entropy.Tree
	count [lists]entropy.Uint
	from  [lists]entropy.Uint
	more  [lists]entropy.Bit
	age   entropy.Uint
	told  [lists]entropy.Bit
	text  [lists][3]entropy.Bit
	hasN  [lists][8]entropy.Bit
	ints  [lists][8]entropy.Int
	texts *entropy.Text
	grid  [2]entropy.Int
	bits  entropy.Bit
	piece [4]entropy.Bit // by whether it was here, and the one before it is
}

func newDetailModel() *detailModel {
	return &detailModel{list: make(entropy.Tree, 8), texts: entropy.NewText()}
}

// head codes which torrent it is about. A first frame of an opening says so, and
// empties what was held.
func (m *detailModel) head(c *entropy.Coder, slot int, fresh bool, h state.Hash) *held {
	slot = int(c.Raw(uint64(slot), 5))
	o := &m.open[slot]
	if m.fresh.Bool(c, fresh) {
		for i := range h {
			h[i] = byte(c.Raw(uint64(h[i]), 8))
		}
		*o = held{sheet: sheet{hash: h}, used: true}
	}
	return o
}

// record codes one record of a list against the one that is held.
func (m *detailModel) record(c *entropy.Coder, list int, old *record, now record) (int, error) {
	if !m.told[list].Bool(c, now != *old) {
		return 0, nil
	}
	limits, size := &listLimits[list], 0
	for i := range limits.texts {
		if !m.text[list][i].Bool(c, now.texts[i] != old.texts[i]) {
			continue
		}
		s, err := m.texts.Code(c, now.texts[i], limits.text[i])
		if err != nil || !utf8.ValidString(s) {
			return 0, entropy.ErrCorrupt
		}
		old.texts[i], size = s, size+len(s)
	}
	for i := range limits.ints {
		if m.hasN[list][i].Bool(c, now.ints[i] != old.ints[i]) {
			old.ints[i] += m.ints[list][i].Code(c, now.ints[i]-old.ints[i])
		}
	}
	return size, nil
}

// pieces codes the pieces.
func (m *detailModel) pieces(c *entropy.Coder, old *state.Pieces, now *state.Pieces) error {
	if !m.bits.Bool(c, !old.Equal(now)) {
		return nil
	}
	count := int64(old.Count) + m.grid[0].Code(c, int64(now.Count)-int64(old.Count))
	size := old.Size + m.grid[1].Code(c, now.Size-old.Size)
	known := int(c.Raw(uint64(min(len(now.Have), 1)), 1)) == 1
	if count < 0 || count > state.MaxPieces || size < 0 {
		return errors.New("pieces beyond their limits")
	}
	next := state.Pieces{Count: int32(count), Size: size}
	if known {
		next.Have = make([]byte, (count+7)/8)
	}
	before := 0
	for i := 0; known && i < int(count); i++ {
		like := before
		if old.Has(i) {
			like |= 2
		}
		if before = 0; m.piece[like].Bool(c, now.Has(i)) {
			next.Have[i/8] |= 0x80 >> (i % 8)
			before = 1
		}
		if c.Exhausted() {
			return entropy.ErrCorrupt
		}
	}
	*old = next
	return nil
}
