package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// forge makes a frame of any bytes, with the right checksum.
func forge(kind Type, body []byte) []byte {
	b := binary.AppendUvarint([]byte{byte(kind)}, uint64(len(body)))
	return binary.LittleEndian.AppendUint32(append(b, body...), checksum(0, kind, body))
}

func TestForeignBytes(t *testing.T) {
	for name, c := range map[string]struct {
		kind Type
		body string // hexadecimal CBOR
	}{
		"empty":                {TypeResync, ""},
		"null":                 {TypeResync, "f6"},
		"array":                {TypeAck, "8101"},
		"two items":            {TypeAck, "a10101a10101"},
		"cut":                  {TypeAck, "a101"},
		"key twice":            {TypeAck, "a201010102"},
		"indefinite map":       {TypeAck, "bf0101ff"},
		"tagged":               {TypeAck, "a101c101"},
		"negative count":       {TypeAck, "a10120"},
		"text for a number":    {TypeAck, "a1016161"},
		"float":                {TypeAck, "a101f93c00"},
		"hello, seq alone":     {TypeHello, "a201010305"},
		"welcome, no epoch":    {TypeWelcome, "a10101"},
		"refuse, bad text":     {TypeRefuse, "a303" + "61ff" + "01010201"},
		"interest, many open":  {TypeInterest, "a102" + "9821" + strings.Repeat("54"+strings.Repeat("11", 20), MaxOpen+1)},
		"interest, short hash": {TypeInterest, "a10281" + "4111"},
		"deep":                 {TypeAck, "a11863" + strings.Repeat("81", maxNesting) + "01"},
		"long array":           {TypeAck, "a11863" + "9841" + strings.Repeat("01", 2*MaxOpen+1)},
		"wide map":             {TypeRefuse, "a11863" + "b841" + wideMap(maxKeys+1)},
		"refuse, long text":    {TypeRefuse, "a103790401" + strings.Repeat("61", 1025)},
	} {
		body, err := hex.DecodeString(c.body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := decode(t, bytes.NewReader(forge(c.kind, body)), c.kind); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %d frames and %v, want ErrMalformed", name, len(got), err)
		}
	}
}

// wideMap returns n pairs of a map.
func wideMap(n int) string {
	var b []byte
	for i := range n {
		b = append(b, 0x19, 1, byte(i), 1)
	}
	return hex.EncodeToString(b)
}

// TestLaterVersions reads bodies with keys of a later time.
func TestLaterVersions(t *testing.T) {
	for name, c := range map[string]struct {
		kind Type
		body string
		want Frame
	}{
		"ack":    {TypeAck, "a2" + "0105" + "1863" + "a10102", &Ack{5}},
		"resync": {TypeResync, "a1" + "1863" + "6161", &Resync{}},
		"wide":   {TypeRefuse, "a11863" + "b840" + wideMap(maxKeys), &Refuse{}},
		"deep":   {TypeAck, "a11863" + strings.Repeat("81", maxNesting-1) + "01", &Ack{}},
		"long":   {TypeAck, "a11863" + "9840" + strings.Repeat("01", 2*MaxOpen), &Ack{}},
	} {
		body, err := hex.DecodeString(c.body)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := decode(t, bytes.NewReader(forge(c.kind, body)), c.kind)
		if err != io.EOF || len(got) != 1 || !reflect.DeepEqual(got[0], c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestHeaders(t *testing.T) {
	for name, b := range map[string][]byte{
		"unknown type":    {99, 0},
		"not expected":    {byte(TypeDelta), 0},
		"beyond limit":    binary.AppendUvarint([]byte{byte(TypeAck)}, 257),
		"far beyond":      binary.AppendUvarint([]byte{byte(TypeAck)}, 1<<63),
		"endless":         append([]byte{byte(TypeAck)}, bytes.Repeat([]byte{0x80}, 20)...),
		"not shortest":    {byte(TypeAck), 0x81, 0x00},
		"not shortest, 0": {byte(TypeAck), 0x80, 0x00},
	} {
		if _, err := decode(t, bytes.NewReader(b), TypeAck); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}

// TestTooLarge proves that a frame the peer would refuse is not sent, and that
// the stream goes on without it.
func TestTooLarge(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.Write(&Refuse{Text: strings.Repeat("n", 5000)}); !errors.Is(err, ErrTooLarge) || n != 0 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := w.Write(&Ack{7}); err != nil {
		t.Error(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, &out, TypeAck)
	if err != io.EOF || len(got) != 1 || got[0].(*Ack).Frames != 7 {
		t.Errorf("%d frames, %v", len(got), err)
	}
}

// TestLargestTorrents tells of many of the largest torrents there can be. No frame
// is beyond its limits, and each is near the size asked for.
func TestLargestTorrents(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const (
		many = 24
		big  = 1<<63 - 1
	)
	box := state.New(1)
	err := box.Update(func(tx *state.Tx) error {
		for i := range many {
			most := state.Torrent{
				Hash: state.Hash{byte(i)}, Name: strings.Repeat("n", state.MaxName), Error: state.TrackerError,
				ErrorText: strings.Repeat("e", state.MaxText), Labels: make([]string, state.MaxLabels), Size: big, Left: big,
				RateDown: big, RateUp: big, Downloaded: big, Uploaded: big, Added: big, Done: big,
				Peers: 1<<31 - 1, PeersSending: 1<<31 - 1, PeersGetting: 1<<31 - 1, WebSeeds: 1<<31 - 1, Queue: 1<<31 - 1,
				Dir: strings.Repeat("d", state.MaxName), Total: big, Files: 1<<31 - 1, Active: big, Seeded: big, Trackers: make([]string, state.MaxURLs),
				Options: state.Options{DownLimit: big, UpLimit: big, RatioLimit: big, PeerLimit: 1<<31 - 1, IdleLimit: 1<<31 - 1},
			}
			for j := range most.Trackers {
				most.Trackers[j] = strings.Repeat(string(rune('a'+r.IntN(26))), state.MaxURL)
			}
			for j := range most.Labels {
				most.Labels[j] = strings.Repeat(string(rune('a'+r.IntN(26))), state.MaxLabel)
			}
			tx.Put(&most)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e := newEnds(t, box, state.New(2), 0)
	e.policy.Limit = 4000
	frames := 1
	for ; !e.frame(); frames++ {
		if e.enc.text > maxText {
			t.Fatalf("%d bytes of text in a frame", e.enc.text)
		}
	}
	e.equal()
	if frames < many*state.MaxRowText/maxText {
		t.Errorf("%d frames", frames)
	}
}

// forgeRows makes the body of a snapshot of n new torrents as a box might that
// does not keep to the limits.
func forgeRows(n int, told func(i int) row) []byte {
	m, c := newModel(), &entropy.Coder{}
	c.Encode(nil)
	m.box.fresh(c, &freshness{})
	m.box.present[4].Bool(c, false)
	_, _ = m.box.sessionOf(c, &m.words, nil)
	m.box.hostOf(c, nil)
	_, _ = m.box.settingsOf(c, &m.dirs, nil)
	for i := range n {
		m.kindOf(c, rowNew)
		m.hash(c, state.Hash{byte(i), byte(i >> 8), byte(i >> 16)})
		r := told(i)
		_ = m.row(c, &slot{}, classNew, &r)
	}
	m.kindOf(c, rowEnd)
	m.box.version(c, false, 0)
	return c.Finish()
}

// TestForeignRows reads what no honest box sends, and that the honest form of it
// is read.
func TestForeignRows(t *testing.T) {
	big, labels := int64(1<<62), make([]string, state.MaxLabels)
	for i := range labels {
		labels[i] = strings.Repeat("l", state.MaxLabel) // all the same: few bytes of code
	}
	urls := slices.Repeat([]string{strings.Repeat("u", state.MaxURL)}, state.MaxURLs)
	wide := func(int) row { return row{fields: state.FieldLabels, labels: labels} }
	const text = state.MaxLabels * state.MaxLabel
	for name, c := range map[string]struct {
		n    int
		told func(int) row
		ok   bool
	}{
		"much text":        {maxText / text, wide, true},
		"too much text":    {maxText/text + 1, wide, false},
		"no utf-8":         {1, func(int) row { return row{fields: state.FieldName, name: "\xff"} }, false},
		"a label":          {1, func(int) row { return row{fields: state.FieldLabels, labels: []string{"tv"}} }, true},
		"a bad label":      {1, func(int) row { return row{fields: state.FieldLabels, labels: []string{"\xff"}} }, false},
		"many rows":        {MaxItems, func(int) row { return row{} }, true},
		"too many rows":    {MaxItems + 1, func(int) row { return row{} }, false},
		"a size":           {1, func(int) row { return row{fields: state.FieldSize, values: values{iSize: big}} }, true},
		"a negative size":  {1, func(int) row { return row{fields: state.FieldSize, values: values{iSize: -1}} }, false},
		"a great fraction": {1, func(int) row { return row{fields: state.FieldChecked, values: values{iChecked: 10001}} }, false},
		"a private one":    {1, func(int) row { return row{fields: state.FieldPrivate, values: values{iPrivate: 1}} }, true},
		"twice private":    {1, func(int) row { return row{fields: state.FieldPrivate, values: values{iPrivate: 2}} }, false},
		"a bad minute":     {1, func(int) row { return row{fields: state.FieldActive, values: values{iActive: -60}} }, false},
		"a bad folder":     {1, func(int) row { return row{fields: state.FieldDir, dir: "\xff"} }, false},
		"a long folder":    {1, func(int) row { return row{fields: state.FieldDir, dir: strings.Repeat("d", state.MaxName+1)} }, false},
		"trackers":         {1, func(int) row { return row{fields: state.FieldTrackers, trackers: []string{"udp://a:1"}} }, true},
		"a bad tracker":    {1, func(int) row { return row{fields: state.FieldTrackers, trackers: []string{"\xff"}} }, false},
		"many trackers":    {1, func(int) row { return row{fields: state.FieldTrackers, trackers: make([]string, state.MaxURLs+1)} }, false},
		"much of trackers": {16, func(int) row { return row{fields: state.FieldTrackers, trackers: urls} }, true},
		"too much of them": {17, func(int) row { return row{fields: state.FieldTrackers, trackers: urls} }, false},
		"options":          {1, func(int) row { return row{fields: state.FieldOptions, options: state.Options{Priority: -1}} }, true},
		"bad options":      {1, func(int) row { return row{fields: state.FieldOptions, options: state.Options{Priority: 2}} }, false},
		"a bad mode":       {1, func(int) row { return row{fields: state.FieldOptions, options: state.Options{IdleMode: 3}} }, false},
		"too many peers":   {1, func(int) row { return row{fields: state.FieldPeers, values: values{iPeers: 1 << 31}} }, false},
	} {
		_, err := NewDecoder().Decode(forgeRows(c.n, c.told))
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRowOfNothing reads a row of a slot where there is none.
func TestRowOfNothing(t *testing.T) {
	for _, k := range []kind{rowKnown, rowRemoved} {
		for _, slot := range []uint64{0, 1 << 31, 1<<64 - 1} {
			m, c := newModel(), &entropy.Coder{}
			c.Encode(nil)
			m.box.fresh(c, &freshness{})
			m.box.present[4].Bool(c, false)
			_, _ = m.box.sessionOf(c, &m.words, nil)
			m.box.hostOf(c, nil)
			_, _ = m.box.settingsOf(c, &m.dirs, nil)
			m.kindOf(c, k)
			c.Raw(slot, 64)
			if _, err := NewDecoder().Decode(c.Finish()); err == nil {
				t.Errorf("a row of kind %d of slot %x is taken", k, slot)
			}
		}
	}
}

// TestPadded proves that whatever is sent comes out in few sizes.
func TestPadded(t *testing.T) {
	sizes := map[int]bool{}
	for n := 1; n < 70_000; n++ {
		size := Padded(n)
		if size != n && size < n+leastPadding {
			t.Fatalf("%d bytes become %d", n, size)
		}
		if size > max(Cell(), 4*n) {
			t.Errorf("%d bytes become %d", n, size)
		}
		sizes[size] = true
	}
	if len(sizes) > 10 {
		t.Errorf("%d sizes", len(sizes))
	}
	for _, n := range []int{7, 100, 300, 1000, 20_000} {
		out, w := padded(t, n)
		if out != Padded(w) {
			t.Errorf("%d bytes went out, want %d", out, Padded(w))
		}
	}
}

// padded writes about n bytes in frames, and returns what came out and what the
// frames were.
func padded(t *testing.T, n int) (out, frames int) {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	acks := 0
	for ; frames < n; acks++ {
		size, err := w.Write(&Ack{uint64(acks)})
		if err != nil {
			t.Fatal(err)
		}
		frames += size
	}
	if _, err := w.Pad(); err != nil {
		t.Fatal(err)
	}
	out = b.Len()
	got, err := decode(t, &b, TypeAck)
	if err != io.EOF || len(got) != acks {
		t.Fatalf("%d frames of %d, %v", len(got), acks, err)
	}
	return out, frames
}

func TestWriteError(t *testing.T) {
	w, err := NewWriter(failing{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(&Resync{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Flush: %v", err)
	}
	if _, err := w.Write(&Resync{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Write after it: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
