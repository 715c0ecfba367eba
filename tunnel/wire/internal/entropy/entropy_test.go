package entropy

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Whatever is coded comes out again, whatever else is coded with the same models.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(200) {
		script := func(c *Coder, m *models, check bool) {
			r := rand.New(rand.NewPCG(seed, 1))
			for range r.IntN(400) {
				step(t, c, m, r, check)
			}
		}
		var c Coder
		c.Encode([]byte("head"))
		script(&c, newModels(), false)
		code := c.Finish()
		if string(code[:4]) != "head" {
			t.Fatal("the head is gone")
		}
		c.Decode(code[4:])
		script(&c, newModels(), true)
		if err := c.Close(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

type models struct {
	bit  Bit
	tree Tree
	uint Uint
	int  Int
	text *Text
}

func newModels() *models { return &models{tree: make(Tree, 8), text: NewText()} }

// step codes one random value, which a decoder must find though it is not told.
func step(t *testing.T, c *Coder, m *models, r *rand.Rand, decoding bool) {
	t.Helper()
	kind, n := r.IntN(6), r.IntN(64)
	v := r.Uint64() >> 1 >> n
	in := v
	if decoding {
		in = 0
	}
	var got uint64
	switch kind {
	case 0:
		v = min(v, 1)
		got = uint64(m.bit.Code(c, uint(min(in, 1))))
	case 1:
		v &= 7
		got = uint64(m.tree.Code(c, uint(in)&7, 3))
	case 2:
		got = m.uint.Code(c, in)
	case 3:
		got = uint64(-m.int.Code(c, -int64(in)))
	case 4:
		got = c.Raw(in, 63)
	case 5:
		s := []string{"", "a", "Some.Release.x264-GROUP", "\x00\xff\xff", "日本語"}[v%5]
		given := s
		if decoding {
			given = ""
		}
		if out, err := m.text.Code(c, given, 100); err != nil || out != s {
			t.Fatalf("%q, %v; want %q", out, err, s)
		}
		return
	}
	if got != v {
		t.Fatalf("kind %d: %d, want %d", kind, got, v)
	}
}

func TestExtremes(t *testing.T) {
	values := []int64{0, 1, -1, math.MaxInt64, -math.MaxInt64, 1 << 62}
	var c Coder
	c.Encode(nil)
	var m Int
	for _, v := range values {
		m.Code(&c, v)
	}
	code := c.Finish()
	c.Decode(code)
	m = Int{}
	for _, v := range values {
		if got := m.Code(&c, 0); got != v {
			t.Errorf("%d, want %d", got, v)
		}
	}
}

// The first byte of the code may be any, 0xff too.
func TestFirstByte(t *testing.T) {
	for _, first := range []uint64{0, 1<<63 - 1, 1 << 63, 0xfeffffffffffffff, 0xff00000000000000, 0xffffffffffffffff} {
		for _, second := range []uint64{0, 1, 1 << 63, 1<<64 - 1} {
			var c Coder
			c.Encode(nil)
			c.Raw(first, 64)
			c.Raw(second, 64)
			code := c.Finish()
			c.Decode(code)
			if a, b := c.Raw(0, 64), c.Raw(0, 64); a != first || b != second || c.Close() != nil {
				t.Errorf("%x %x comes out as %x %x", first, second, a, b)
			}
		}
	}
}

// A model that is very sure, for very long, on all codes there are: what is coded
// lies anywhere in the interval.
func TestSure(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	var in, out [40]Bit
	var c Coder
	for frame := range 20_000 {
		bits := make([]uint, 40)
		for i := range bits {
			if r.IntN(60) == 0 {
				bits[i] = 1
			}
		}
		c.Encode(nil)
		for i, b := range bits {
			in[i].Code(&c, b)
		}
		code := c.Finish()
		c.Decode(code)
		for i, b := range bits {
			if out[i].Code(&c, 0) != b {
				t.Fatalf("frame %d, bit %d", frame, i)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatalf("frame %d: %v", frame, err)
		}
	}
}

// What is likely costs next to nothing, and what is not known costs what it holds.
func TestCost(t *testing.T) {
	var c Coder
	var b Bit
	c.Encode(nil)
	for range 10000 {
		b.Code(&c, 0)
	}
	if n := len(c.Finish()); n > 10 {
		t.Errorf("10,000 zeros take %d bytes", n)
	}
	r := rand.New(rand.NewPCG(1, 1))
	c.Encode(nil)
	b = Bit{}
	for range 8000 {
		b.Code(&c, uint(r.IntN(2)))
	}
	if n := len(c.Finish()); n > 1060 {
		t.Errorf("8,000 coins take %d bytes", n)
	}
}

// Code that is cut, or has something behind it, is noticed.
func TestEnds(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var c Coder
	c.Encode(nil)
	for range 50 {
		c.Raw(r.Uint64(), 64)
	}
	code := c.Finish()
	for _, bad := range [][]byte{code[:len(code)-5], append(code, 0, 0, 0, 0, 0)} {
		c.Decode(bad)
		for range 50 {
			c.Raw(0, 64)
		}
		if c.Close() == nil {
			t.Errorf("%d bytes for %d are taken", len(bad), len(code))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x01\x02\x03"))
	text := NewText()
	f.Fuzz(func(t *testing.T, code []byte) {
		var c Coder
		c.Decode(code)
		var m Int
		for !c.Exhausted() {
			m.Code(&c, 0)
			_, _ = text.Code(&c, "", 100)
			c.Raw(0, 13)
		}
	})
}
