package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// FuzzReader feeds the Reader any bytes. What it accepts must be within the
// limits and come out the same after another round.
func FuzzReader(f *testing.F) {
	for _, frame := range samples() {
		f.Add(encode(f, frame))
	}
	f.Add(encode(f, samples()...))
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
	for _, frame := range samples() {
		b := encode(f, frame)
		_, n := binary.Uvarint(b[1:])
		f.Add(b[0], b[1+n:len(b)-sumSize])
	}
	for _, s := range []string{"", "f6", "bf0101ff", "a101c101", "a201010102", "a1011bffffffffffffffff"} {
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

// again writes and reads frames that a Reader has accepted.
func again(t *testing.T, frames []Frame) {
	for _, frame := range frames {
		got, _ := decode(t, bytes.NewReader(encode(t, frame)), allTypes...)
		if len(got) != 1 || !reflect.DeepEqual(got[0], frame) {
			t.Fatalf("accepted %+v, then read %+v", frame, got)
		}
	}
}

// TestCorpus keeps the stored seeds from getting lost.
func TestCorpus(t *testing.T) {
	for _, name := range []string{"FuzzReader", "FuzzBody"} {
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
