package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
	"time"

	"offing/tunnel/state"
)

var allTypes = []Type{
	TypeHello, TypeWelcome, TypeRefuse, TypeSnapshot, TypeDelta, TypeAck, TypeInterest, TypeCheck, TypeResync,
}

func fullTorrent() state.Torrent {
	return state.Torrent{
		Hash: state.Hash{1, 2, 3}, Name: "debian-13.iso", Status: state.Downloading, Error: state.TrackerError, ErrorText: "gone",
		Size: 1 << 40, Left: 1 << 39, Metadata: state.Whole, Checked: 4, RateDown: 5, RateUp: 6, Downloaded: 7, Uploaded: 8,
		Peers: 9, PeersSending: 10, PeersGetting: 11, WebSeeds: 12, Added: 13, Done: 14, Queue: 15, Labels: []string{"linux", "€"},
		Dir: "/srv/torrents", Total: 1<<40 + 1, Files: 17, Private: true, Finished: true, Active: 120, Seeded: 19,
		Options: state.Options{
			DownLimit: 20_000, UpLimit: 21_000, RatioLimit: 22, PeerLimit: 23, IdleLimit: 24, DownLimited: true, UpLimited: true,
			Unbound: true, Sequential: true, Priority: -1, RatioMode: state.LimitOwn, IdleMode: state.LimitNone,
		},
		Trackers: []string{"https://a.example/announce", "udp://b.example:6969"},
	}
}

func fullSettings() (v state.Settings) {
	var n [state.SettingsNumbers]int64
	for i := range n {
		n[i] = 1
	}
	v.SetNumbers(n)
	v.DownLimit, v.Encryption, v.DownloadDir, v.IncompleteDir, v.BlocklistURL = 500_000, "required", "/srv/torrents", "/srv/part", "https://c.example/list"
	return v
}

// samples returns a frame of each kind and shape, and what comes out for it.
func samples() (frames []any, want []Frame) {
	for _, f := range []Frame{
		&Hello{Version: 1},
		&Hello{Version: 1, Epoch: 1<<64 - 1, Seq: 1 << 40},
		&Welcome{Version: 1, Epoch: 7, Cover: true},
		&Refuse{Version: 2, Code: RefuseVersion, Text: "update the controller"},
		&Ack{Frames: 12},
		&Interest{Level: 1, Open: [][]byte{bytes.Repeat([]byte{7}, 20)}},
		&Check{Seq: 4, Sum: 1<<64 - 1},
		&Resync{},
	} {
		frames, want = append(frames, f), append(want, f)
	}
	news, deltas := sampleNews()
	for i := range news {
		frames, want = append(frames, &news[i]), append(want, deltas[i])
	}
	return frames, want
}

// sampleNews returns a snapshot and two deltas of a small box.
func sampleNews() (news []News, want []Frame) {
	began := time.Unix(1e9, 0)
	s, enc := state.New(1), NewEncoder(0)
	step := func(after time.Duration, known bool, change func(*state.Tx)) {
		_ = s.Update(func(tx *state.Tx) error { change(tx); return nil })
		s.Touch(began.Add(after))
		s.View(func(r state.Reader) {
			news = append(news, enc.Encode(nil, r, &Policy{Limit: 1 << 14, Known: known, Welcome: began, Now: began.Add(after + 20*time.Millisecond)}))
		})
	}
	session := state.Session{Daemon: state.DaemonOK, DaemonText: "x", Version: "3.00", RPCVersion: 16, AltSpeed: true}
	host := state.Host{DiskTotal: 1, DiskFree: 2, MemTotal: 3, MemUsed: 4, CPU: 5, NetDown: 6, NetUp: 7, Uptime: 8}
	settings, changed := fullSettings(), fullSettings()
	changed.DownLimit, changed.PEX = 0, false
	full, other := fullTorrent(), state.Torrent{Hash: state.Hash{9}, Name: "other"}
	step(time.Second, true, func(tx *state.Tx) {
		tx.Put(&other)
		tx.Put(&full)
		tx.SetSession(session)
		tx.SetHost(host)
		tx.SetSettings(settings)
	})
	moved := full
	moved.Left, moved.Downloaded, moved.Uploaded, moved.Labels = full.Left-(2<<14), full.Downloaded+33000, full.Uploaded+12, nil
	step(3*time.Second, false, func(tx *state.Tx) { tx.Put(&moved); tx.Remove(other.Hash); tx.SetSettings(changed) })
	step(4*time.Second, true, func(tx *state.Tx) { tx.SetHost(state.Host{}) })
	age := 20 * time.Millisecond
	return news, []Frame{
		&Delta{Snapshot: true, Whole: true, Seq: 1, Known: true, Age: age, Elapsed: time.Second + age, Session: &session, Host: &host, Settings: &settings,
			Changes: []state.Change{{Fields: state.AllFields, Torrent: full}, {Fields: state.AllFields, Torrent: other}}},
		&Delta{Known: true, Age: age, Elapsed: 3*time.Second + age, Settings: &changed, Removed: []state.Hash{other.Hash}, Changes: []state.Change{{
			Fields:  state.FieldLeft | state.FieldDownloaded | state.FieldUploaded | state.FieldLabels,
			Torrent: state.Torrent{Hash: full.Hash, Left: moved.Left, Downloaded: moved.Downloaded, Uploaded: moved.Uploaded}}}},
		&Delta{Whole: true, Seq: 3, Known: true, Age: age, Elapsed: 4*time.Second + age, Host: &state.Host{}, Changes: []state.Change{{
			Fields:  state.FieldLeft | state.FieldDownloaded | state.FieldUploaded,
			Torrent: state.Torrent{Hash: full.Hash, Left: moved.Left, Downloaded: moved.Downloaded, Uploaded: moved.Uploaded}}}},
	}
}

// encode writes frames to bytes, checking the size that Write reports.
func encode(t testing.TB, frames ...any) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, f := range frames {
		n := 0
		switch f := f.(type) {
		case *News:
			n, err = w.WriteNews(f)
		case Frame:
			n, err = w.Write(f)
		}
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
	frames, want := samples()
	b := encode(t, frames...)
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
	frames, _ := samples()
	b := encode(t, frames...)
	in, err := NewReader(bytes.NewReader(b), allTypes...)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for range frames {
		if _, err := in.Next(); err != nil {
			t.Fatal(err)
		}
		total += in.Size()
	}
	if total != len(b) {
		t.Errorf("sizes add up to %d of %d bytes", total, len(b))
	}
}

// TestCutAnywhere cuts the stream at every byte: an end between two frames is
// io.EOF, one within a frame is not, and no frame is made of half of one.
func TestCutAnywhere(t *testing.T) {
	frames, _ := samples()
	b := encode(t, frames...)
	ends := map[int]int{0: 0}
	for i := range frames {
		ends[len(encode(t, frames[:i+1]...))] = i + 1
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

// TestFlipAnywhere flips one bit after the other: what comes before the flip passes, the frame
// with it and all after it do not.
func TestFlipAnywhere(t *testing.T) {
	frames, want := samples()
	b := encode(t, frames...)
	for i := 0; i < len(b)*8; i += 5 {
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
