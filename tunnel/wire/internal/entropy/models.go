package entropy

import "math/bits"

// Bit is the model of one yes or no. It learns fast at first; later it is the
// mean of one estimate that learns fast and one that learns slowly. The zero Bit
// is ready for use.
type Bit struct {
	fast, slow int16 // how likely a 0 is, in 1/65536 above or below one half
	seen       uint8 // up to slowest
}

const (
	fastest = 4 // the fast estimate moves by 1/16 of its error
	slowest = 7
	half    = 1 << 15
)

// Code codes one bit.
func (b *Bit) Code(c *Coder, bit uint) uint {
	p := (uint32(int32(b.fast)+half) + uint32(int32(b.slow)+half)) / 2
	bit = c.split(min(max(p, 32), 1<<16-32), bit)
	b.learn(bit)
	return bit
}

func (b *Bit) learn(bit uint) {
	if b.seen < slowest {
		b.seen++
	}
	target := int32(half - 1)
	if bit != 0 {
		target = -half
	}
	b.fast += int16((target - int32(b.fast)) >> min(b.seen, fastest))
	b.slow += int16((target - int32(b.slow)) >> b.seen)
}

// Bool codes a truth.
func (b *Bit) Bool(c *Coder, v bool) bool {
	bit := uint(0)
	if v {
		bit = 1
	}
	return b.Code(c, bit) != 0
}

// Tree is the model of a number of k bits, 2^k Bits of it; the first is not used.
type Tree []Bit

// Code codes v, which has k bits.
func (t Tree) Code(c *Coder, v uint, k int) uint {
	node := uint(1)
	for i := k - 1; i >= 0; i-- {
		node = node<<1 | t[node].Code(c, v>>i&1)
	}
	return node - 1<<k
}

// Uint is the model of a number below 2^63: its length in bits, the two bits
// behind the leading one, and the rest as it is. The zero Uint is ready for use.
type Uint struct {
	length [64]Bit    // a Tree
	upper  [64][4]Bit // by length; Trees
}

// Code codes v.
func (m *Uint) Code(c *Coder, v uint64) uint64 {
	n := int(Tree(m.length[:]).Code(c, uint(bits.Len64(v)), 6))
	if n <= 1 {
		return uint64(n)
	}
	rest := n - 1
	k := min(rest, 2)
	rest -= k
	top := uint64(Tree(m.upper[n][:]).Code(c, uint(v>>rest)&(1<<k-1), k))
	return (1<<k|top)<<rest | c.Raw(v, rest)
}

// Int is the model of a number between -2^63 and 2^63, both excluded. The zero
// Int is ready for use.
type Int struct {
	size Uint
	sign [64]Bit // by length
}

// Code codes v.
func (m *Int) Code(c *Coder, v int64) int64 {
	size := v
	if v < 0 {
		size = -v
	}
	n := m.size.Code(c, uint64(size))
	if n == 0 {
		return 0
	}
	if m.sign[bits.Len64(n)].Bool(c, v < 0) {
		return -int64(n)
	}
	return int64(n)
}
