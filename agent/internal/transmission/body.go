package transmission

import (
	"fmt"
	"io"
	"slices"
	"sync"
)

const (
	minBody   = 64 << 10 // bytes that are kept for the next answer in any case
	trustBody = 1 << 20  // bytes reserved because the daemon says that they will come
)

// bodies keeps the memory of one answer's text for the next. It is safe for
// concurrent use.
type bodies struct {
	mu     sync.Mutex
	spare  []byte
	lately int // bytes that were needed, the most of the last few
}

func (b *bodies) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	spare := b.spare
	b.spare = nil
	return spare[:0]
}

// giveBack keeps the memory of text, unless it is much more than was needed
// lately: the answer to a full pass must not stay in memory for the fast polls
// after it.
func (b *bodies) giveBack(text []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lately = max(len(text), b.lately-b.lately/16)
	if cap(text) <= max(4*b.lately, minBody) && cap(text) > cap(b.spare) {
		b.spare = text
	}
}

// readBody appends to text what r holds: at most limit bytes, of which size
// (-1: unknown) are announced. More is an error, never cut short.
func readBody(r io.Reader, text []byte, size, limit int64) ([]byte, error) {
	text = slices.Grow(text, int(min(max(size, 0), trustBody))+1)
	for {
		if int64(len(text)) > limit {
			return text, fmt.Errorf("%w: the answer is too large", ErrNotTransmission)
		}
		if len(text) == cap(text) {
			text = slices.Grow(text, len(text)) // doubles
		}
		n, err := r.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		if err == io.EOF {
			return text, nil
		}
		if err != nil {
			return text, err
		}
	}
}
