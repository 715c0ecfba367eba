package wire

import (
	"math/bits"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// Order of the fields in a row: what helps to tell a later one stands before it.
var (
	restOrder = [...]int{
		iStatus, iError, iSize, iMetadata, iChecked, iAdded, iDone, iQueue, iLabels, iName,
		iTotal, iFiles, iPrivate, iFinished, iActive, iSeeded, iDir, iOptions, iTrackers,
	}
	moveOrder = [...]int{iDownloaded, iLeft, iUploaded, iRateDown, iRateUp, iPeers, iPeersSending, iPeersGetting, iWebSeeds}
)

// restFields are those of restOrder.
const restFields = state.FieldStatus | state.FieldError | state.FieldSize | state.FieldMetadata | state.FieldChecked |
	state.FieldAdded | state.FieldDone | state.FieldQueue | state.FieldLabels | state.FieldName |
	state.FieldTotal | state.FieldFiles | state.FieldPrivate | state.FieldFinished | state.FieldActive | state.FieldSeeded |
	state.FieldDir | state.FieldOptions | state.FieldTrackers

// unnumbered are the fields that have no number.
const unnumbered = state.FieldName | state.FieldLabels | state.FieldDir | state.FieldOptions | state.FieldTrackers

// blockSize is the unit in which leftUntilDone falls (Transmission's blocks).
const blockSize = 16 << 10

// kind is what a row is about. The values are the protocol's.
type kind uint

const (
	rowEnd     kind = 0 // no row: no more follow
	rowKnown   kind = 1 // a change to a torrent that has a slot
	rowNew     kind = 2 // a torrent that gets one
	rowRemoved kind = 3 // a removal of one that has a slot
	rowGone    kind = 4 // a removal of one that has none
)

// class is where a row stands. Rows of different classes change differently.
type class uint

const (
	classMoving class = 0
	classOther  class = 1
	classNew    class = 2
	classes           = 3
)

// row is what is told of one torrent.
type row struct {
	fields state.Fields
	steps  bool         // rates are told in steps
	told   state.Fields // of fields, those that have been coded so far
	values values
	name   string
	error  string
	labels []string
	dir    string

	options  state.Options
	trackers []string
}

// have returns the number that both ends know for field f at this point of the
// row, 0 for none.
func (r *row) have(s *slot, f int) int64 {
	switch {
	case r.told>>f&1 != 0:
		return r.values[f]
	case s.known>>f&1 != 0:
		return s.values[f]
	}
	return 0
}

// sizes is how many kinds of magnitude the fields of a movement are told by.
const sizes = 16

// model is what the encoder and the decoder of a connection have both learned.
type model struct {
	box    boxModel
	kind   entropy.Tree
	moved  [2]entropy.Bit                            // did a moving torrent change; by whether it did last
	has    [classes][state.FieldCount][2]entropy.Bit // is the field told; by whether it was last
	rest   [classes]entropy.Bit                      // is a field of restOrder told
	steps  [classes]entropy.Bit                      // row.steps
	zero   [state.FieldCount]entropy.Bit             // is a first value zero
	first  [state.FieldCount]entropy.Int             // a first value
	move   [5][sizes]entropy.Int                     // a change of RateDown ... Uploaded, by its likely size
	step   [2]entropy.Int                            // a change of RateDown and RateUp in steps
	other  [state.FieldCount]entropy.Int             // a change of any other
	whole  entropy.Bit                               // Left in blocks
	blocks entropy.Int
	minute [2]entropy.Bit // is a first value of Active and Seeded a whole minute
	names  *entropy.Text
	words  words
	dirs   words // and the texts of the settings
	urls   urlLists
	sets   optionSets

	last values // of the last new torrent
}

func newModel() *model {
	text := entropy.NewText()
	return &model{
		kind: make(entropy.Tree, 8), names: text, words: newWords(text), dirs: newWords(text),
		urls: newURLLists(text), sets: newOptionSets(),
	}
}

// row codes what is told of the torrent s.
func (m *model) row(c *entropy.Coder, s *slot, cl class, r *row) error {
	r.told = 0
	r.steps = m.steps[cl].Bool(c, r.steps)
	if m.rest[cl].Bool(c, r.fields&restFields != 0) {
		for _, f := range restOrder {
			m.field(c, s, cl, r, f)
		}
	}
	for _, f := range moveOrder {
		m.field(c, s, cl, r, f)
	}
	if err := m.texts(c, r); err != nil {
		return err
	}
	r.fields = r.told
	m.settle(s, r)
	return nil
}

// texts codes the texts of the fields that are told.
func (m *model) texts(c *entropy.Coder, r *row) (err error) {
	if r.told.Has(state.FieldLabels) {
		r.labels, err = m.words.labels(c, r.labels)
	}
	if err == nil && r.told.Has(state.FieldError) {
		r.error, err = m.words.word(c, r.error, state.MaxText)
	}
	if err == nil && r.told.Has(state.FieldName) {
		r.name, err = m.names.Code(c, r.name, state.MaxName)
	}
	if err == nil && r.told.Has(state.FieldDir) {
		r.dir, err = m.dirs.word(c, r.dir, state.MaxName)
	}
	if err == nil && r.told.Has(state.FieldOptions) {
		r.options, err = m.sets.options(c, r.options)
	}
	if err == nil && r.told.Has(state.FieldTrackers) {
		r.trackers, err = m.urls.urls(c, r.trackers)
	}
	return err
}

// field codes whether field f is told, and its number.
func (m *model) field(c *entropy.Coder, s *slot, cl class, r *row, f int) {
	bit := state.Fields(1) << f
	was := s.recent >> f & 1
	if !m.has[cl][f][was].Bool(c, r.fields&bit != 0) {
		return
	}
	if bit&unnumbered == 0 {
		if s.known&bit == 0 {
			r.values[f] = m.firstValue(c, s, r, f)
		} else {
			r.values[f] = m.change(c, s, r, f)
		}
	}
	r.told |= bit
}

// settle makes the slot what the other end has after the row.
func (m *model) settle(s *slot, r *row) {
	for f := r.fields; f != 0; f &= f - 1 {
		i := bits.TrailingZeros32(uint32(f))
		s.values[i] = r.values[i]
	}
	if r.fields.Has(state.FieldLeft) {
		s.phase = r.values[iLeft] % blockSize
	}
	s.known |= r.fields
	s.recent = r.fields
}

// firstValue codes a number that the other end has not had yet.
func (m *model) firstValue(c *entropy.Coder, s *slot, r *row, f int) int64 {
	v := r.values[f]
	if m.zero[f].Bool(c, v == 0) {
		return 0
	}
	base := int64(0)
	switch f {
	case iLeft, iDownloaded, iTotal:
		base = r.have(s, iSize)
	case iDone:
		base = r.have(s, iAdded)
	case iSeeded:
		if r.have(s, iStatus) == int64(state.Seeding) {
			base = r.have(s, iDone)
		}
	case iAdded, iQueue, iMetadata, iActive:
		base = m.last[f]
	}
	if (f == iActive || f == iSeeded) && m.minute[f-iActive].Bool(c, v%60 == 0) {
		v = 60 * (base/60 + m.first[f].Code(c, v/60-base/60))
	} else {
		v = base + m.first[f].Code(c, v-base)
	}
	m.last[f] = v
	return v
}

// change codes a number of which the other end has an earlier value.
func (m *model) change(c *entropy.Coder, s *slot, r *row, f int) int64 {
	v, held := r.values[f], s.values[f]
	switch f {
	case iRateDown, iRateUp:
		if r.steps {
			base := step(held)
			return rateOf(base + m.step[f-iRateDown].Code(c, step(v)-base))
		}
		base := m.rate(s, r, f)
		return base + m.move[f-iRateDown][size(base)].Code(c, v-base)
	case iDownloaded:
		return held + m.move[2][size(s.values[iRateDown])].Code(c, v-held)
	case iUploaded:
		return held + m.move[3][size(s.values[iRateUp])].Code(c, v-held)
	case iLeft:
		return m.left(c, s, r)
	}
	return held + m.other[f].Code(c, v-held)
}

// rate is what a rate is expected to be, from what has come or gone lately; when
// that is not known, what it was.
func (m *model) rate(s *slot, r *row, f int) int64 {
	then, ok := s.past.since(m.box.lastSample)
	switch ms := m.box.lastSample - then.at; {
	case ok && f == iRateDown && r.told.Has(state.FieldDownloaded):
		return expected(r.values[iDownloaded]-then.down, ms, s.values[f])
	case ok && f == iRateUp && r.told.Has(state.FieldUploaded):
		return expected(r.values[iUploaded]-then.up, ms, s.values[f])
	}
	return s.values[f]
}

// left codes what is left, which falls by as much as Downloaded grows, in whole
// blocks.
func (m *model) left(c *entropy.Coder, s *slot, r *row) int64 {
	v, base := r.values[iLeft], s.values[iLeft]
	if r.told.Has(state.FieldDownloaded) {
		base -= r.values[iDownloaded] - s.values[iDownloaded]
	}
	if m.whole.Bool(c, v%blockSize == s.phase) {
		near := (base - s.phase) / blockSize
		return s.phase + blockSize*(near+m.blocks.Code(c, (v-s.phase)/blockSize-near))
	}
	return base + m.move[4][size(s.values[iRateDown])].Code(c, v-base)
}

// size is the order of magnitude of a rate.
func size(rate int64) int { return min(bits.Len64(uint64(max(rate, 0)))/2, sizes-1) }
