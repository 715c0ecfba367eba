package tor

import (
	"context"
	"sync"
	"time"
)

// ready is the bootstrap percentage of a Tor that can be used.
const ready = 100

// Status is the state of Tor.
type Status struct {
	Running bool      // the process runs, or the existing Tor's control port answers
	PID     int       // process id, 0 when not running
	Percent int       // of the bootstrap; 100 is ready
	Summary string    // the bootstrap phase in Tor's words, or why it is not running
	Warning string    // Tor's last warning or error, emptied when the bootstrap ends
	Since   time.Time // when Running last changed
}

// board holds the status and wakes those who wait for another.
type board struct {
	mu      sync.Mutex
	status  Status
	changed chan struct{}
}

func newBoard() *board {
	return &board{status: Status{Summary: "not started", Since: time.Now()}, changed: make(chan struct{})}
}

func (b *board) get() (Status, <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status, b.changed
}

// update changes the status and wakes the waiting when it is another then.
func (b *board) update(change func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := b.status
	change(&next)
	if next.Since = b.status.Since; next.Running != b.status.Running {
		next.Since = time.Now()
	}
	if next == b.status {
		return
	}
	b.status = next
	close(b.changed)
	b.changed = make(chan struct{})
}

// Status returns the present state.
func (t *Tor) Status() Status {
	s, _ := t.board.get()
	return s
}

// Changed returns a channel that is closed at the next change of Status. Take
// the channel first and read the status after, or a change is missed.
func (t *Tor) Changed() <-chan struct{} {
	_, changed := t.board.get()
	return changed
}

// WaitReady waits until Tor has bootstrapped. It returns an error only when ctx
// ends first.
func (t *Tor) WaitReady(ctx context.Context) error {
	for {
		s, changed := t.board.get()
		if s.Running && s.Percent == ready {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
