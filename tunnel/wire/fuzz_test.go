package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"offing/tunnel/state"
)

// FuzzReader feeds the Reader any bytes. What it accepts must be within the
// limits and come out the same after another round.
func FuzzReader(f *testing.F) {
	frames, _ := samples()
	for _, frame := range frames {
		f.Add(encode(f, frame))
	}
	f.Add(encode(f, frames...))
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, err := decode(t, bytes.NewReader(b), allTypes...)
		if err == nil {
			t.Fatal("no error at the end")
		}
		again(t, frames)
	})
}

// FuzzBody gives any body the right checksum, so that the decoder behind it is
// reached at once.
func FuzzBody(f *testing.F) {
	frames, _ := samples()
	for _, frame := range frames {
		b := encode(f, frame)
		_, n := binary.Uvarint(b[1:])
		f.Add(b[0], b[1+n:len(b)-sumSize])
	}
	for _, s := range []string{"", "f6", "bf0101ff", "a101c101", "a201010102", "a1011bffffffffffffffff", "ffffffffffffffffffffffff", "000102030405060708090a0b0c0d0e0f"} {
		body, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(TypeDelta), body)
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		frames, err := decode(t, bytes.NewReader(forge(Type(kind), body)), allTypes...)
		if err == nil {
			t.Fatal("no error at the end")
		}
		again(t, frames)
	})
}

// again writes and reads frames that a Reader has accepted; of news it proves that
// they are within the limits.
func again(t *testing.T, frames []Frame) {
	for _, frame := range frames {
		if d, ok := frame.(*Delta); ok {
			for i := range d.Changes {
				if !d.Changes[i].Torrent.Valid() {
					t.Fatalf("accepted %+v", d.Changes[i])
				}
			}
			continue
		}
		got, _ := decode(t, bytes.NewReader(encode(t, frame)), allTypes...)
		if len(got) != 1 || !reflect.DeepEqual(got[0], frame) {
			t.Fatalf("accepted %+v, then read %+v", frame, got)
		}
	}
}

// FuzzHistory lets any bytes decide what happens to a box, and compares the two
// ends after each frame.
func FuzzHistory(f *testing.F) {
	f.Add(uint64(1), []byte{0, 1, 2, 3, 250})
	f.Add(uint64(2), []byte{9, 9, 200, 255, 17, 4, 0, 0, 0})
	f.Fuzz(func(t *testing.T, seed uint64, script []byte) {
		w := &world{r: rand.New(rand.NewPCG(seed, 1)), s: state.New(1), pool: 12}
		e := newEnds(t, w.s, state.New(2), 0)
		for _, b := range script[:min(len(script), 60)] {
			w.step(t)
			e.now = e.now.Add(time.Duration(b) * 20 * time.Millisecond)
			w.s.Touch(e.now)
			e.policy.Live, e.policy.Limit = b&1 == 0, int(b)<<3
			e.frame()
		}
		e.policy.Live = false
		e.settle()
		e.equal()
	})
}

// TestCorpus keeps the stored seeds from getting lost.
func TestCorpus(t *testing.T) {
	for _, name := range []string{"FuzzReader", "FuzzBody", "FuzzHistory"} {
		files, err := filepath.Glob(filepath.Join("testdata", "fuzz", name, "*"))
		if err != nil || len(files) == 0 {
			t.Errorf("no corpus for %s: %v", name, err)
		}
		for _, file := range files {
			if b, err := os.ReadFile(file); err != nil || len(b) == 0 {
				t.Errorf("%s: empty, or %v", file, err)
			}
		}
	}
}
