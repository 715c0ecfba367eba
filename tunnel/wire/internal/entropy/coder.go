// Package entropy owns the arithmetic coding of the line: adaptive models of
// bits, integers and text, and a binary range coder that spends on each bit what
// the model says it is worth.
//
// Both ends run the same model code: a Coder that encodes takes each value and
// returns it, one that decodes ignores what it is given and returns what was
// coded. So the two cannot disagree about the form. Models live as long as a
// connection and learn from one frame to the next.
//
// The range coder is that of LZMA (Martin, "Range encoding", 1979; the form is
// described in the LZMA specification of the 7-Zip project), except that its
// first byte, which is always zero, is left out, and that zeros at the very end
// are not written.
package entropy

import "errors"

// ErrCorrupt means that the bytes were not made by an encoder with the same
// models in the same state.
var ErrCorrupt = errors.New("corrupt code")

const (
	normal = 1 << 24 // the range is kept at least so wide
	// tail is how many bytes a decoder looks ahead, and so how many zeros at the
	// end may be missing.
	tail = 4
)

// Coder encodes or decodes one piece of code. It is for one goroutine.
type Coder struct {
	decoding bool
	span     uint32 // the width of the interval
	low      uint64 // encoding: its beginning, with the carry in bit 32
	cache    byte   // encoding: the byte that a carry may still change
	pending  int    // encoding: cache and the 0xff bytes behind it
	code     uint32 // decoding: where in the interval the code is
	buf      []byte // what is written, or read
	pos      int    // decoding: of buf; past its end there are zeros
}

// Encode makes c encode to the end of dst.
func (c *Coder) Encode(dst []byte) {
	*c = Coder{span: 1<<32 - 1, buf: dst}
}

// Decode makes c decode code, which must stay as it is meanwhile.
func (c *Coder) Decode(code []byte) {
	*c = Coder{decoding: true, span: 1<<32 - 1, buf: code}
	for range 4 {
		c.code = c.code<<8 | uint32(c.next())
	}
}

// Decoding tells which of the two c does.
func (c *Coder) Decoding() bool { return c.decoding }

// Len returns the bytes written so far, those of dst included; a few more will
// come from Finish.
func (c *Coder) Len() int { return len(c.buf) + c.pending }

// Finish ends the encoding and returns dst with the code behind it.
func (c *Coder) Finish() []byte {
	// Of all numbers in the interval, take the one with the most zeros at the
	// end, and leave these out.
	value := c.low
	for shift := 24; shift >= 0; shift -= 8 {
		mask := uint64(1)<<shift - 1
		if v := (c.low + mask) &^ mask; v < c.low+uint64(c.span) {
			value = v
			break
		}
	}
	c.low = value
	for range 5 {
		c.shift()
	}
	end := len(c.buf)
	for n := 0; n < tail && end > 0 && c.buf[end-1] == 0; n++ {
		end--
	}
	return c.buf[:end]
}

// Close ends the decoding. It returns ErrCorrupt when bytes are left over or
// missing.
func (c *Coder) Close() error {
	if c.pos < len(c.buf) || c.pos > len(c.buf)+tail {
		return ErrCorrupt
	}
	return nil
}

// Exhausted tells whether a decoder has read past anything an encoder writes:
// what it returns since then is made up.
func (c *Coder) Exhausted() bool { return c.pos > len(c.buf)+tail }

func (c *Coder) next() byte {
	c.pos++
	if c.pos > len(c.buf) {
		return 0
	}
	return c.buf[c.pos-1]
}

// shift writes the top byte of low, once no carry can reach it.
func (c *Coder) shift() {
	// The very first byte has none before it that a carry could change.
	if c.low < 0xff000000 || c.low >= 1<<32 || c.pending == 0 {
		carry := byte(c.low >> 32)
		if c.pending > 0 { // there is no byte before the first
			c.buf = append(c.buf, c.cache+carry)
		}
		for ; c.pending > 1; c.pending-- {
			c.buf = append(c.buf, 0xff+carry)
		}
		c.pending = 0
		c.cache = byte(c.low >> 24)
	}
	c.pending++
	c.low = c.low & 0x00ffffff << 8
}

func (c *Coder) normalize() {
	for c.span < normal {
		c.span <<= 8
		if c.decoding {
			c.code = c.code<<8 | uint32(c.next())
		} else {
			c.shift()
		}
	}
}

// split codes one bit of which p, in 1/65536 and neither 0 nor 1, says how
// likely it is to be 0.
func (c *Coder) split(p uint32, bit uint) uint {
	bound := c.span >> 16 * p
	if c.decoding {
		bit = 0
		if c.code >= bound {
			bit = 1
		}
	}
	if bit == 0 {
		c.span = bound
	} else {
		c.span -= bound
		if c.decoding {
			c.code -= bound
		} else {
			c.low += uint64(bound)
		}
	}
	c.normalize()
	return bit
}

// Raw codes the lowest n bits of v, at most 64, as they are.
func (c *Coder) Raw(v uint64, n int) uint64 {
	var out uint64
	for n > 0 {
		k := min(n, 16)
		n -= k
		out = out<<k | uint64(c.raw(uint32(v>>n)&(1<<k-1), k))
	}
	return out
}

// raw codes at most 16 bits.
func (c *Coder) raw(v uint32, n int) uint32 {
	c.span >>= n
	if c.decoding {
		v = min(c.code/c.span, 1<<n-1)
		c.code -= v * c.span
	} else {
		c.low += uint64(v) * uint64(c.span)
	}
	c.normalize()
	return v
}
