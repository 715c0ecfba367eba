package mirror

import (
	"fmt"
	"time"
)

// The bounds of a window.
const (
	windowFrames = 16
	windowFirst  = 64 << 10
	windowLeast  = 4 << 10
	windowMost   = 512 << 10
	// patience is how much longer than on an empty line an ack may take before
	// the window shrinks: what waits on the way is news that gets old.
	patience = time.Second
)

// window bounds the frames of news and details that are on the way. It learns from the
// time that acks take how many bytes the line holds without making them wait,
// so that on a slow line the next delta is made late and is new, rather than
// early and old.
type window struct {
	flights []flight // not yet acknowledged, oldest first
	bytes   int      // of flights
	limit   int      // bytes
	acked   uint64   // frames
	fastest time.Duration
	shrunk  time.Time
}

type flight struct {
	size int
	at   time.Time
	full bool // the window was full with it
}

func newWindow() window {
	return window{limit: windowFirst, fastest: time.Hour}
}

// open tells whether one more frame may go. One always may when none is on the
// way, whatever its size.
func (w *window) open() bool {
	return len(w.flights) == 0 || len(w.flights) < windowFrames && w.bytes < w.limit
}

// add notes a frame that goes out.
func (w *window) add(size int, now time.Time) {
	w.bytes += size
	w.flights = append(w.flights, flight{size, now, w.bytes >= w.limit})
}

// pad adds padding to the frame that went out last.
func (w *window) pad(size int) {
	if n := len(w.flights); n > 0 {
		w.flights[n-1].size += size
		w.bytes += size
	}
}

// ack notes that total frames have arrived since the beginning.
func (w *window) ack(total uint64, now time.Time) error {
	n := total - w.acked
	if n > uint64(len(w.flights)) {
		return fmt.Errorf("%w: ack of frame %d, %d sent", errProtocol, total, w.acked+uint64(len(w.flights)))
	}
	for _, f := range w.flights[:n] {
		w.bytes -= f.size
		w.learn(f, now)
	}
	w.flights = append(w.flights[:0], w.flights[n:]...)
	w.acked = total
	return nil
}

// learn adapts the limit: half of it, once a round trip, when f had to wait;
// more when it did not and the window was what held us back.
func (w *window) learn(f flight, now time.Time) {
	took := now.Sub(f.at)
	w.fastest = min(w.fastest, took)
	switch {
	case took > w.fastest+patience:
		if f.at.After(w.shrunk) {
			w.limit, w.shrunk = max(w.limit/2, windowLeast), now
		}
	case f.full:
		w.limit = min(w.limit+f.size, windowMost)
	}
}
