package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"offing/tunnel/state"
)

// forge makes a frame of any bytes, with the right checksum.
func forge(kind Type, body []byte) []byte {
	b := binary.AppendUvarint([]byte{byte(kind)}, uint64(len(body)))
	return binary.LittleEndian.AppendUint32(append(b, body...), checksum(0, kind, body))
}

func TestForeignBytes(t *testing.T) {
	hash := "54" + strings.Repeat("11", 20)
	for name, c := range map[string]struct {
		kind Type
		body string // hexadecimal CBOR
	}{
		"empty":                 {TypeResync, ""},
		"null":                  {TypeResync, "f6"},
		"array":                 {TypeAck, "8101"},
		"two items":             {TypeAck, "a10101a10101"},
		"cut":                   {TypeAck, "a101"},
		"key twice":             {TypeAck, "a201010102"},
		"indefinite map":        {TypeAck, "bf0101ff"},
		"tagged":                {TypeAck, "a101c101"},
		"negative count":        {TypeAck, "a10120"},
		"text for a number":     {TypeAck, "a1016161"},
		"float":                 {TypeAck, "a101f93c00"},
		"hello, seq alone":      {TypeHello, "a201010305"},
		"welcome, no epoch":     {TypeWelcome, "a10101"},
		"fresh, endless age":    {TypeFresh, "a1011bffffffffffffffff"},
		"refuse, bad text":      {TypeRefuse, "a303" + "61ff" + "01010201"},
		"refuse, long text":     {TypeRefuse, "a103790401" + strings.Repeat("61", 1025)},
		"delta, backwards":      {TypeDelta, "a3010502010304"},
		"delta, no way":         {TypeDelta, "a3010502010305"},
		"delta, no epoch":       {TypeDelta, "a201010302"},
		"delta, short hash":     {TypeDelta, "a40101020103020581" + "4111"},
		"delta, long hash":      {TypeDelta, "a40101020103020581" + "55" + strings.Repeat("11", 21)},
		"delta, negative size":  {TypeDelta, "a40101020103020481" + "a301" + hash + "02080720"},
		"delta, fraction":       {TypeDelta, "a40101020103020481" + "a301" + hash + "02182009192711"},
		"delta, change null":    {TypeDelta, "a40101020103020481f6"},
		"delta, 65 labels":      {TypeDelta, "a40101020103020481" + "a301" + hash + "021a00040000" + "169841" + strings.Repeat("6161", 65)},
		"delta, host beyond":    {TypeDelta, "a40101020103020" + "7a10120"},
		"delta, session beyond": {TypeDelta, "a40101020103020" + "6a10420"},
		"part, some fields":     {TypePart, "a202010481" + "a201" + hash + "0201"},
		"part, removal":         {TypePart, "a202010581" + hash},
		"deep":                  {TypeDelta, "a40101020103021863" + strings.Repeat("81", maxNesting) + "01"},
		"long array":            {TypeDelta, "a40101020103021863" + "99" + "4001" + strings.Repeat("01", MaxItems+1)},
		"many removals":         {TypeDelta, "a40101020103020599" + "4001" + strings.Repeat(hash, MaxItems+1)},
		"wide map":              {TypeDelta, "a40101020103021863" + "b841" + wideMap(maxKeys+1)},
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
		"wide":   {TypeDelta, "a40101020103021863" + "b840" + wideMap(maxKeys), &Delta{state.Delta{From: 1, To: state.Version{Epoch: 1, Seq: 2}}}},
		"deep":   {TypeDelta, "a40101020103021863" + strings.Repeat("81", maxNesting-1) + "01", &Delta{state.Delta{From: 1, To: state.Version{Epoch: 1, Seq: 2}}}},
		"long":   {TypeDelta, "a40101020103021863" + "994000" + strings.Repeat("01", MaxItems), &Delta{state.Delta{From: 1, To: state.Version{Epoch: 1, Seq: 2}}}},
		"a field": {TypeDelta, "a40101020103020481" + "a401" + "54" + strings.Repeat("11", 20) + "021a80000008" + "0705" + "1863" + "05",
			&Delta{state.Delta{From: 1, To: state.Version{Epoch: 1, Seq: 2}, Changes: []state.Change{
				{Fields: state.FieldSize, Torrent: state.Torrent{Hash: state.Hash(bytes.Repeat([]byte{0x11}, 20)), Size: 5}}}}}},
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
	to := state.Version{Epoch: 1, Seq: 2}
	name := strings.Repeat("n", state.MaxName)
	wide := make([]state.Change, 300)
	for i := range wide {
		wide[i] = state.Change{Fields: state.FieldName, Torrent: state.Torrent{Hash: state.Hash{byte(i), byte(i >> 8)}, Name: name}}
	}
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]state.Delta{
		"bytes":    {From: 1, To: to, Changes: wide},
		"changes":  {From: 1, To: to, Changes: make([]state.Change, MaxItems+1)},
		"removals": {From: 1, To: to, Removed: make([]state.Hash, MaxItems+1)},
	} {
		if n, err := w.Write(&Delta{d}); !errors.Is(err, ErrTooLarge) || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	if _, err := w.Write(&Delta{state.Delta{From: 1, To: to, Changes: wide[:200]}}); err != nil {
		t.Error(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, &out, TypeDelta)
	if err != io.EOF || len(got) != 1 || len(got[0].(*Delta).Delta.Changes) != 200 {
		t.Errorf("%d frames, %v", len(got), err)
	}
}

// TestCut proves that parts of any torrents stay near the size asked for, and
// that the bound on a torrent's bytes holds for the largest there can be.
func TestCut(t *testing.T) {
	most := fullTorrent()
	most.Name, most.ErrorText = strings.Repeat("n", state.MaxName), strings.Repeat("e", state.MaxText)
	most.Labels = make([]string, state.MaxLabels)
	for i := range most.Labels {
		most.Labels[i] = strings.Repeat("l", state.MaxLabel)
	}
	const big = 1<<63 - 1
	for _, n := range []*int64{&most.Size, &most.Left, &most.RateDown, &most.RateUp, &most.Downloaded, &most.Uploaded, &most.Added, &most.Done} {
		*n = big
	}
	for _, n := range []*int32{&most.Peers, &most.PeersSending, &most.PeersGetting, &most.WebSeeds, &most.Queue} {
		*n = 1<<31 - 1
	}
	c := state.Change{Fields: state.AllFields, Torrent: most}
	part := &Part{Delta: state.Delta{To: state.Version{Epoch: 1}, Changes: []state.Change{c}}}
	if n := len(encode(t, part)); n > weight(&c)+32 || n < weight(&c)-200 {
		t.Errorf("the largest torrent takes %d bytes, weight says %d", n, weight(&c))
	}
	if n := Cut([]state.Change{c, c}, 100); n != 1 {
		t.Errorf("Cut gives %d torrents that are too large, want 1", n)
	}
	if n := Cut(nil, 100); n != 0 {
		t.Errorf("Cut of nothing: %d", n)
	}
	if n := Cut([]state.Change{c, c, c, c}, 2*weight(&c)); n != 2 {
		t.Errorf("Cut gives %d, want 2", n)
	}
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
