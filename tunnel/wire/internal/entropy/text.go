package entropy

import "math"

// Text is the model of short texts that resemble each other, such as names. For
// each bit it mixes what followed in earlier texts after the same one, two,
// three, four and six bytes, and after the same beginning of a word (Mahoney,
// "Adaptive Weighing of Context Models for Lossless Data Compression", Florida
// Institute of Technology CS-2005-16). It takes about 1 MiB; use NewText.
type Text struct {
	length  Uint
	tables  [orders][]int16    // how likely a 1 is, in 1/65536 above or below one half
	weights [256][orders]int32 // by the bits of the byte that are known, in 1/65536
	hashes  [orders]uint32     // of the bytes before the one at hand
	used    [orders]*int16     // the predictions of the bit at hand
	inputs  [orders]int32      // the same, stretched
}

const (
	orders    = 6
	tableBits = 16
)

// NewText returns a Text that knows nothing yet.
func NewText() *Text {
	t := new(Text)
	for i := range t.weights {
		t.weights[i] = [orders]int32{1 << 14, 1 << 14, 1 << 14, 1 << 14, 1 << 14, 1 << 14}
	}
	return t
}

// Code codes s, of at most limit bytes; a longer one is ErrCorrupt.
func (t *Text) Code(c *Coder, s string, limit int) (string, error) {
	n := int(min(t.length.Code(c, uint64(len(s))), math.MaxInt32))
	if n > limit {
		return "", ErrCorrupt
	}
	if t.tables[0] == nil { // many connections have no text to tell
		for i := range t.tables {
			t.tables[i] = make([]int16, 1<<tableBits)
		}
	}
	var out []byte
	if c.decoding {
		out = make([]byte, 0, n)
	}
	var before uint64 // the last eight bytes
	var word uint32
	for i := range n {
		var b byte
		if !c.decoding {
			b = s[i]
		}
		t.context(before, word)
		b = t.byte(c, b)
		if c.decoding {
			out = append(out, b)
		}
		before = before<<8 | uint64(b)
		word = nextWord(word, b)
		if c.Exhausted() {
			return "", ErrCorrupt
		}
	}
	if !c.decoding {
		return s, nil
	}
	return string(out), nil
}

// context sets the hashes of what stands before a byte.
func (t *Text) context(before uint64, word uint32) {
	for i, n := range [orders - 1]int{1, 2, 3, 4, 6} {
		t.hashes[i] = mix(before<<(64-8*n), uint32(i))
	}
	t.hashes[orders-1] = mix(uint64(word)<<8|before&0xff, orders-1)
}

func mix(v uint64, salt uint32) uint32 {
	v = (v + uint64(salt) + 1) * 0x9e3779b97f4a7c15
	return uint32(v >> 32)
}

// nextWord is a hash of the letters and digits of a word so far, 0 between words.
func nextWord(word uint32, b byte) uint32 {
	switch {
	case 'A' <= b && b <= 'Z':
		b += 'a' - 'A'
	case 'a' <= b && b <= 'z', '0' <= b && b <= '9', b >= 0x80:
	default:
		return 0
	}
	return (word + uint32(b) + 1) * 0x2f0b4c47
}

func (t *Text) byte(c *Coder, b byte) byte {
	node := uint(1)
	for i := 7; i >= 0; i-- {
		node = node<<1 | t.bit(c, node, uint(b>>i&1))
	}
	return byte(node)
}

// learning rates, as shifts
const (
	predictionRate = 4
	weightRate     = 14
)

func (t *Text) bit(c *Coder, node, bit uint) uint {
	weights := &t.weights[node]
	sum := int64(0)
	for i := range t.tables {
		p := &t.tables[i][(t.hashes[i]+uint32(node)*0x9e3779b1)>>(32-tableBits)]
		t.used[i] = p
		t.inputs[i] = int32(stretched[(int32(*p)+half)>>4])
		sum += int64(weights[i]) * int64(t.inputs[i])
	}
	one := squash(int32(sum >> 16))
	bit = c.split(uint32(1<<16-16*one), bit)
	target := int32(0)
	if bit != 0 {
		target = 4095
	}
	miss := (target - one) * 7
	for i, p := range t.used {
		weights[i] += (t.inputs[i]*miss + 1<<(weightRate-5)) >> (weightRate - 4)
		*p += int16((target<<4 - half - int32(*p)) >> predictionRate)
	}
	return bit
}

// squash is 4096/(1+e^(-x/256)), from 1 to 4095, drawn straight between the
// points of logistic. It is the inverse of stretched. Both are integers through
// and through: two machines that round differently would not understand each
// other.
func squash(x int32) int32 {
	switch {
	case x > 2047:
		return 4095
	case x < -2047:
		return 1
	}
	at, rest := (x+2048)>>7, (x+2048)&127
	return (logistic[at]*(128-rest) + logistic[at+1]*rest + 64) >> 7
}

// logistic is 4096/(1+e^(-x)) for x from -8 to 8 in steps of one half.
var logistic = [33]int32{
	1, 2, 4, 6, 10, 17, 27, 45, 74, 120, 194,
	311, 488, 747, 1102, 1546, 2048, 2550, 2994, 3349, 3608, 3785,
	3902, 3976, 4022, 4051, 4069, 4079, 4086, 4090, 4092, 4094, 4095,
}

// stretched is ln(p/(1-p)) in 1/256, for p in 1/4096.
var stretched = stretch()

func stretch() (st [4096]int16) {
	next := 0
	for x := int32(-2047); x <= 2047; x++ {
		for v := int(squash(x)); next <= v; next++ {
			st[next] = int16(x)
		}
	}
	return st
}
