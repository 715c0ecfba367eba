package link

import (
	"math/rand/v2"
	"time"
)

// The pauses of a Backoff. With this factor a pause is about a quarter of all
// the time that has gone by before it, so that a peer that comes back after a
// minute is not met another minute later, as doubling would have it.
const (
	backoffMin    = time.Second
	backoffMax    = time.Minute
	backoffFactor = 1.3
)

// Backoff gives the pauses between attempts: growing exponentially from 1 s to
// 60 s, each of them jittered by a quarter either way. The zero Backoff is
// ready. It is not safe for concurrent use.
type Backoff struct {
	base time.Duration
}

// Next returns the pause before the next attempt.
func (b *Backoff) Next() time.Duration {
	if b.base == 0 {
		b.base = backoffMin
	} else {
		b.base = min(time.Duration(float64(b.base)*backoffFactor), backoffMax)
	}
	return min(jitter(b.base, 0.25), backoffMax)
}

// Reset makes the next pause the shortest again.
func (b *Backoff) Reset() { b.base = 0 }

// jitter returns a duration drawn evenly from d ± part·d.
func jitter(d time.Duration, part float64) time.Duration {
	return time.Duration(float64(d) * (1 + part*(2*rand.Float64()-1)))
}
