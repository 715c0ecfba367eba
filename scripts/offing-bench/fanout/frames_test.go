package fanout

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// server is a frame as a server sends it: what AppendFrame makes, unmasked.
func server(op byte, payload string) []byte {
	b := AppendFrame(nil, op, []byte(payload))
	head := len(b) - len(payload) - len(mask)
	b[1] &^= 0x80
	return append(b[:head], payload...)
}

func TestNextFrame(t *testing.T) {
	for _, payload := range []string{"", "x", strings.Repeat("y", 125), strings.Repeat("z", 126), strings.Repeat("w", 65535)} {
		whole := server(OpText, payload)
		f, ok, err := NextFrame(append(whole[:len(whole):len(whole)], "more"...))
		if err != nil || !ok || string(f.Payload) != payload || f.Size != len(whole) || f.Op != OpText {
			t.Errorf("%d bytes: %v, %v, %d bytes", len(payload), ok, err, len(f.Payload))
		}
		for n := range min(len(whole), 200) {
			if _, ok, err := NextFrame(whole[:n]); ok || err != nil {
				t.Errorf("the first %d of %d bytes: %v, %v", n, len(whole), ok, err)
			}
		}
	}
	long := append([]byte{0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}, bytes.Repeat([]byte{'v'}, 1<<16)...)
	if f, ok, err := NextFrame(long); err != nil || !ok || len(f.Payload) != 1<<16 || f.Size != len(long) {
		t.Errorf("a long frame: %v, %v, %d bytes", ok, err, len(f.Payload))
	}
}

// What the figures would be wrong for is refused.
func TestNextFrameRefuses(t *testing.T) {
	for name, b := range map[string][]byte{
		"fragment":   {0x01, 0},
		"compressed": {0xc1, 0},
		"masked":     AppendFrame(nil, OpText, []byte("x")),
	} {
		if _, _, err := NextFrame(b); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func FuzzNextFrame(f *testing.F) {
	f.Add(server(OpText, "hello"))
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, ok, err := NextFrame(b)
		if ok && (err != nil || frame.Size > len(b) || len(frame.Payload) > frame.Size) {
			t.Errorf("%v, %v, %d of %d bytes", ok, err, frame.Size, len(b))
		}
	})
}

func TestEachStamp(t *testing.T) {
	for text, want := range map[string][]int64{
		`{"t":"t0","at":12,"pad":"x"}`:         {12},
		`{"at":0,"pad":""}`:                    nil,
		`{"rows":[{"at":3},{"id":1,"at":45}]}`: {3, 45},
		"{\"at\":1}\n{\"at\":2}":               {1, 2},
		`{"t":"t0"}`:                           nil,
		`{"at":`:                               nil,
		`{"at":1767225600123456789,"pad":"` + `xx` + `"`: {1767225600123456789},
	} {
		var got []int64
		EachStamp([]byte(text), []byte(`"at":`), func(at int64) { got = append(got, at) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestDocuments(t *testing.T) {
	for text, want := range map[string]int{"{}": 1, "{}\n{}": 2, "{}\n{}\n": 2} {
		if got := Documents([]byte(text)); got != want {
			t.Errorf("%q holds %d, want %d", text, got, want)
		}
	}
}
