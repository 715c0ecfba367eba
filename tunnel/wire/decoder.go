package wire

import (
	"errors"
	"math"
	"math/bits"
	"time"
	"unicode/utf8"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// maxText bounds the bytes of text in one frame: a few bytes of code can stand
// for very many.
const maxText = 1 << 20

// Decoder reads the bodies that an Encoder at the other end of a connection
// made. It is for one goroutine.
type Decoder struct {
	table
	model *model
	coder entropy.Coder
	list  []int32
	text  int
	delta *Delta
}

// NewDecoder returns a Decoder for the first frame of a connection.
func NewDecoder() *Decoder { return &Decoder{model: newModel()} }

// Has returns the torrents that the connection has spoken of and that are not
// removed.
func (d *Decoder) Has() map[state.Hash]struct{} {
	m := make(map[state.Hash]struct{}, len(d.slots)-len(d.free))
	for i := range d.slots {
		if d.slots[i].used {
			m[d.slots[i].hash] = struct{}{}
		}
	}
	return m
}

// Decode reads one body. What it returns is the caller's. After an error the
// Decoder is of no use.
func (d *Decoder) Decode(body []byte) (*Delta, error) {
	c := &d.coder
	c.Decode(body)
	d.delta, d.text = &Delta{}, 0
	var fresh freshness
	passed := d.model.box.fresh(c, &fresh)
	if err := d.delta.setFresh(&fresh); err != nil {
		return nil, err
	}
	d.predict(passed)
	d.delta.Live = d.model.box.present[4].Bool(c, false)
	var err error
	if d.delta.Session, err = d.model.box.sessionOf(c, &d.model.words, nil); err != nil {
		return nil, err
	}
	d.delta.Host = d.model.box.hostOf(c, nil)
	if d.delta.Settings, err = d.model.box.settingsOf(c, &d.model.dirs, nil); err != nil {
		return nil, err
	}
	if err := d.rows(c); err != nil {
		return nil, err
	}
	d.remember(d.model.box.lastSample)
	d.delta.Whole, d.delta.Seq = d.model.box.version(c, false, 0)
	return d.delta, c.Close()
}

// maxSpan bounds the times of a frame, in milliseconds: 100 years.
const maxSpan = 100 * 365 * 24 * 3600 * 1000

func (f *Delta) setFresh(v *freshness) error {
	if v.sample < -maxSpan || v.sample > maxSpan || v.age > maxSpan {
		return errors.New("a span of more than 100 years")
	}
	f.Known = v.known
	f.Age = time.Duration(v.age) * time.Millisecond
	f.Elapsed = time.Duration(v.sample)*time.Millisecond + f.Age
	return nil
}

func (d *Decoder) rows(c *entropy.Coder) error {
	d.list = append(d.list[:0], d.moving...)
	for _, i := range d.list {
		s := &d.slots[i]
		var told row
		if d.model.moved[recently(s)].Bool(c, false) {
			if err := d.take(c, s, classMoving, &told); err != nil {
				return err
			}
		} else {
			s.recent = 0
		}
		if err := d.emit(s, told.fields|moveFields&s.known, &told); err != nil {
			return err
		}
	}
	for _, i := range d.list {
		d.place(i)
	}
	for n := 0; ; n++ {
		kind := d.model.kindOf(c, 0)
		if kind == rowEnd {
			return nil
		}
		if n >= MaxItems {
			return errors.New("too many rows")
		}
		if err := d.row(c, kind); err != nil {
			return err
		}
	}
}

// row reads one of the rows behind those of the moving torrents.
func (d *Decoder) row(c *entropy.Coder, k kind) error {
	var told row
	switch k {
	case rowKnown, rowRemoved:
		if len(d.slots) == 0 {
			return errors.New("a row of a slot before there is any")
		}
		i := int(d.model.slotOf(c, 0, len(d.slots)))
		if i >= len(d.slots) || !d.slots[i].used {
			return errors.New("a row of an unknown slot")
		}
		s := &d.slots[i]
		if k == rowRemoved {
			d.delta.Removed = append(d.delta.Removed, s.hash)
			d.remove(int32(i))
			return nil
		}
		if err := d.take(c, s, classOther, &told); err != nil {
			return err
		}
		d.place(int32(i))
		return d.emit(s, told.fields, &told)
	case rowNew:
		if len(d.slots)-len(d.free) >= MaxTorrents {
			return errors.New("too many torrents")
		}
		i := d.add(d.model.hash(c, state.Hash{}))
		if err := d.take(c, &d.slots[i], classNew, &told); err != nil {
			return err
		}
		d.place(i)
		return d.emit(&d.slots[i], told.fields, &told)
	case rowGone:
		d.delta.Removed = append(d.delta.Removed, d.model.hash(c, state.Hash{}))
		return nil
	}
	return errors.New("a row of an unknown kind")
}

// take reads a row.
func (d *Decoder) take(c *entropy.Coder, s *slot, cl class, told *row) error {
	if err := d.model.row(c, s, cl, told); err != nil {
		return err
	}
	d.text += told.size()
	if d.text > maxText || c.Exhausted() || !utf8.ValidString(told.name) {
		return entropy.ErrCorrupt
	}
	return nil
}

// emit appends the fields f of a slot to the delta.
func (d *Decoder) emit(s *slot, f state.Fields, told *row) error {
	if f == 0 {
		return nil
	}
	d.delta.Changes = append(d.delta.Changes, state.Change{Fields: f, Torrent: state.Torrent{Hash: s.hash}})
	t := &d.delta.Changes[len(d.delta.Changes)-1].Torrent
	t.Name, t.ErrorText, t.Labels = told.name, told.error, told.labels
	t.Dir, t.Options, t.Trackers = told.dir, told.options, told.trackers
	for ; f != 0; f &= f - 1 {
		i := bits.TrailingZeros32(uint32(f))
		if v := s.values[i]; v < 0 || v > most[i] {
			return errors.New("a number beyond its limits")
		}
		s.values.store(t, i)
	}
	return nil
}

// most is the highest number that a field may have.
var most = values{
	iStatus: math.MaxUint8, iError: math.MaxUint8, iSize: math.MaxInt64, iLeft: math.MaxInt64,
	iMetadata: int64(state.Whole), iChecked: int64(state.Whole), iRateDown: math.MaxInt64, iRateUp: math.MaxInt64,
	iDownloaded: math.MaxInt64, iUploaded: math.MaxInt64, iPeers: math.MaxInt32, iPeersSending: math.MaxInt32,
	iPeersGetting: math.MaxInt32, iWebSeeds: math.MaxInt32, iAdded: math.MaxInt64, iDone: math.MaxInt64, iQueue: math.MaxInt32,
	iTotal: math.MaxInt64, iFiles: math.MaxInt32, iPrivate: 1, iFinished: 1, iActive: math.MaxInt64, iSeeded: math.MaxInt64,
}

// store sets the field of number i.
func (v *values) store(t *state.Torrent, i int) {
	switch n := v[i]; i {
	case iStatus:
		t.Status = state.Status(n)
	case iError:
		t.Error = state.ErrorKind(n)
	case iSize:
		t.Size = n
	case iLeft:
		t.Left = n
	case iMetadata:
		t.Metadata = state.Fraction(n)
	case iChecked:
		t.Checked = state.Fraction(n)
	case iRateDown:
		t.RateDown = n
	case iRateUp:
		t.RateUp = n
	case iDownloaded:
		t.Downloaded = n
	case iUploaded:
		t.Uploaded = n
	case iPeers:
		t.Peers = int32(n)
	case iPeersSending:
		t.PeersSending = int32(n)
	case iPeersGetting:
		t.PeersGetting = int32(n)
	case iWebSeeds:
		t.WebSeeds = int32(n)
	case iAdded:
		t.Added = n
	case iDone:
		t.Done = n
	case iQueue:
		t.Queue = int32(n)
	case iTotal:
		t.Total = n
	case iFiles:
		t.Files = int32(n)
	case iPrivate:
		t.Private = n != 0
	case iFinished:
		t.Finished = n != 0
	case iActive:
		t.Active = n
	case iSeeded:
		t.Seeded = n
	}
}
