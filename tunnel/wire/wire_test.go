package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
	"testing/iotest"

	"offing/tunnel/state"
)

var allTypes = []Type{
	TypeHello, TypeWelcome, TypeRefuse, TypePart, TypeDelta, TypeAck, TypeFresh, TypeInterest, TypeCheck, TypeResync,
}

func fullTorrent() state.Torrent {
	return state.Torrent{
		Hash: state.Hash{1, 2, 3}, Name: "debian-13.iso", Status: state.Downloading, Error: state.TrackerError, ErrorText: "gone",
		Size: 1 << 40, Left: 1 << 39, Metadata: state.Whole, Checked: 4, RateDown: 5, RateUp: 6, Downloaded: 7, Uploaded: 8,
		Peers: 9, PeersSending: 10, PeersGetting: 11, WebSeeds: 12, Added: 13, Done: 14, Queue: 15, Labels: []string{"linux", "€"},
	}
}

// samples returns a frame of each kind and shape.
func samples() []Frame {
	session := state.Session{Daemon: state.DaemonOK, DaemonText: "x", Version: "3.00", RPCVersion: 16, AltSpeed: true}
	host := state.Host{DiskTotal: 1, DiskFree: 2, MemTotal: 3, MemUsed: 4, CPU: 5, NetDown: 6, NetUp: 7, Uptime: 8}
	to := state.Version{Epoch: 1 << 63, Seq: 300}
	some := state.Change{Fields: state.FieldLeft | state.FieldRateDown, Torrent: state.Torrent{Hash: state.Hash{9}, Left: 77}}
	return []Frame{
		&Hello{Version: 1},
		&Hello{Version: 1, Epoch: 1<<64 - 1, Seq: 1 << 40},
		&Welcome{Version: 1, Epoch: 7},
		&Refuse{Version: 2, Code: RefuseVersion, Text: "update the controller"},
		&Part{Delta: state.Delta{To: state.Version{Epoch: 1}}, Last: true},
		&Part{Index: 3, Delta: state.Delta{To: to, Changes: []state.Change{{Fields: state.AllFields, Torrent: fullTorrent()}}, Session: &session, Host: &host}},
		&Delta{state.Delta{From: 299, To: to, Changes: []state.Change{some}, Removed: []state.Hash{{1}, {2}}}},
		&Delta{state.Delta{From: 1, To: to, Session: &state.Session{}, Host: &state.Host{}}},
		&Ack{Frames: 12},
		&Fresh{AgeMS: 250, ElapsedMS: 1 << 33},
		&Interest{Level: 1},
		&Check{Seq: 4, Sum: 1<<64 - 1},
		&Resync{},
	}
}

// encode writes frames to bytes, checking the size that Write reports.
func encode(t testing.TB, frames ...Frame) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, f := range frames {
		n, err := w.Write(f)
		if err != nil {
			t.Fatalf("write %T: %v", f, err)
		}
		total += n
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if out.Len() != total {
		t.Fatalf("Write reported %d bytes, %d came out", total, out.Len())
	}
	return out.Bytes()
}

// decode reads frames until an error, checking that sizes add up.
func decode(t testing.TB, r io.Reader, accept ...Type) (frames []Frame, err error) {
	t.Helper()
	in, err := NewReader(r, accept...)
	if err != nil {
		t.Fatal(err)
	}
	for {
		f, err := in.Next()
		if err != nil {
			return frames, err
		}
		frames = append(frames, f)
	}
}

func TestRoundTrip(t *testing.T) {
	want := samples()
	b := encode(t, want...)
	for name, r := range map[string]io.Reader{
		"at once":    bytes.NewReader(b),
		"bytewise":   iotest.OneByteReader(bytes.NewReader(b)),
		"with error": iotest.DataErrReader(bytes.NewReader(b)),
	} {
		got, err := decode(t, r, allTypes...)
		if err != io.EOF {
			t.Errorf("%s: error %v at the end, want io.EOF", name, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d frames, want %d", name, len(got), len(want))
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("%s: frame %d\n got %+v\nwant %+v", name, i, got[i], want[i])
			}
		}
	}
}

func TestSize(t *testing.T) {
	b := encode(t, samples()...)
	in, err := NewReader(bytes.NewReader(b), allTypes...)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for range samples() {
		if _, err := in.Next(); err != nil {
			t.Fatal(err)
		}
		total += in.Size()
	}
	if total != len(b) {
		t.Errorf("sizes add up to %d of %d bytes", total, len(b))
	}
}

// TestUnnamedFieldsStayHome proves that a change carries its fields only.
func TestUnnamedFieldsStayHome(t *testing.T) {
	whole := fullTorrent()
	b := encode(t, &Delta{state.Delta{From: 1, To: state.Version{Epoch: 1, Seq: 2}, Changes: []state.Change{{Fields: state.FieldLeft, Torrent: whole}}}})
	if bytes.Contains(b, []byte(whole.Name)) {
		t.Error("the name travels with a change that is not of the name")
	}
	got, _ := decode(t, bytes.NewReader(b), TypeDelta)
	want := state.Torrent{Hash: whole.Hash, Left: whole.Left}
	if c := got[0].(*Delta).Delta.Changes[0]; !reflect.DeepEqual(c.Torrent, want) {
		t.Errorf("got %+v, want %+v", c.Torrent, want)
	}
}

// TestCutAnywhere cuts the stream at every byte: an end between two frames is
// io.EOF, one within a frame is not, and no frame is made of half of one.
func TestCutAnywhere(t *testing.T) {
	b := encode(t, samples()...)
	ends := map[int]int{0: 0}
	for i := range samples() {
		ends[len(encode(t, samples()[:i+1]...))] = i + 1
	}
	for n := range len(b) {
		got, err := decode(t, bytes.NewReader(b[:n]), allTypes...)
		if whole, ok := ends[n]; ok {
			if err != io.EOF || len(got) != whole {
				t.Fatalf("cut at %d: %d frames and %v, want %d and io.EOF", n, len(got), err, whole)
			}
		} else if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v, want io.ErrUnexpectedEOF", n, err)
		}
	}
}

// TestFlipAnywhere flips every bit: what comes before the flip passes, the frame
// with it and all after it do not.
func TestFlipAnywhere(t *testing.T) {
	b := encode(t, samples()...)
	want := samples()
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		got, err := decode(t, bytes.NewReader(bad), allTypes...)
		if err == io.EOF || len(got) == len(want) {
			t.Fatalf("bit %d: %d frames and %v", i, len(got), err)
		}
		if !errors.Is(err, ErrMalformed) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("bit %d: error %v", i, err)
		}
		for j := range got {
			if !reflect.DeepEqual(got[j], want[j]) {
				t.Fatalf("bit %d: frame %d changed: %+v", i, j, got[j])
			}
		}
	}
}

// TestOrder repeats, drops and swaps frames.
func TestOrder(t *testing.T) {
	a := encode(t, &Ack{1})
	b := encode(t, &Ack{1}, &Ack{2})[len(a):]
	c := encode(t, &Ack{1}, &Ack{2}, &Ack{3})[len(a)+len(b):]
	for name, parts := range map[string][][]byte{
		"repeated": {a, a}, "dropped": {a, c}, "swapped": {a, c, b}, "begun late": {b},
	} {
		if _, err := decode(t, bytes.NewReader(bytes.Join(parts, nil)), TypeAck); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, want ErrMalformed", name, err)
		}
	}
}
