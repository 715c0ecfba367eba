package transmission

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadBody(t *testing.T) {
	text := strings.Repeat("x", 100_000)
	for _, size := range []int64{-1, 0, 1, 100_000, 1 << 60} {
		got, err := readBody(iotest.OneByteReader(strings.NewReader(text)), nil, size, 100_000)
		if err != nil || string(got) != text {
			t.Errorf("size %d: %d bytes, %v", size, len(got), err)
		}
		if cap(got) > 2*trustBody {
			t.Errorf("size %d: %d bytes of memory", size, cap(got))
		}
	}
	if _, err := readBody(strings.NewReader(text), nil, -1, 99_999); !errors.Is(err, ErrNotTransmission) {
		t.Errorf("too much: %v", err)
	}
	if _, err := readBody(iotest.TimeoutReader(strings.NewReader(text)), nil, -1, 100_000); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("trouble of the network: %v", err)
	}
	if _, err := readBody(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrUnexpectedEOF)), nil, 2, 9); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
}

// The memory of a large answer is given back when only small ones follow.
func TestBodiesForget(t *testing.T) {
	var b bodies
	b.giveBack(append(b.take(), bytes.Repeat([]byte("x"), 10<<20)...))
	for n := range 1000 {
		text := append(b.take(), make([]byte, 50_000)...)
		if n > 100 && cap(text) > 4*minBody {
			t.Fatalf("%d bytes are kept after %d small answers", cap(text), n)
		}
		b.giveBack(text)
	}
	kept := b.take()
	if cap(kept) < 50_000 || len(kept) != 0 {
		t.Errorf("%d bytes are kept", cap(kept))
	}
	if second := b.take(); cap(second) != 0 {
		t.Error("two have the same memory")
	}
}

func TestListingForgets(t *testing.T) {
	var l Listing
	use := func(rows int) {
		l.reset()
		l.Rows = append(l.Rows, make([]Row, rows)...)
	}
	use(10_000)
	use(10)
	if use(10); cap(l.Rows) > 4*spareRows {
		t.Errorf("room for %d rows is kept for 10", cap(l.Rows))
	}
}
