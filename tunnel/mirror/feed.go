package mirror

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// The rhythm of a source.
const (
	// settle is the pause between a change and its delta. A poll changes the
	// state, the host and the freshness one after the other: they travel
	// together.
	settle = 10 * time.Millisecond
	// partSize is about the bytes of a snapshot's part before any compression.
	partSize = 32 << 10

	freshWatching = 2 * time.Second  // between two Fresh without data
	freshIdle     = 15 * time.Second // the same when nobody looks
	checkEvery    = time.Minute      // between two Checks
)

// feed is the source's side of one connection.
type feed struct {
	source *Source
	in     *wire.Reader
	out    *wire.Writer
	began  time.Time // of the Welcome

	wake   chan struct{} // capacity one: there is news below
	mu     sync.Mutex
	acked  uint64
	resync bool
	level  Level

	// What follows belongs to the writing half.
	window   window
	sent     state.Version // zero while a snapshot is on its way
	snapshot *snapshot     // what is still to be sent of one
	greeted  state.Version // of the last greeting
	fresh    pulse
	touched  time.Time // the freshness that was last told
	check    pulse
	checked  state.Version
}

// snapshot is one that is being sent.
type snapshot struct {
	index uint32
	rest  state.Delta
}

// next takes the next part off the snapshot.
func (s *snapshot) next() *wire.Part {
	n := wire.Cut(s.rest.Changes, partSize)
	p := &wire.Part{Index: s.index, Last: n == len(s.rest.Changes), Delta: s.rest}
	p.Delta.Changes = s.rest.Changes[:n]
	s.index++
	s.rest = state.Delta{To: s.rest.To, Changes: s.rest.Changes[n:]}
	return p
}

// write sends what there is to send, and waits for more.
func (f *feed) write(ctx context.Context) error {
	for {
		changed := f.source.State.Changed()
		wait, err := f.step()
		if err != nil {
			return err
		}
		if !f.window.open() {
			changed = nil // only an ack helps
		}
		var alarm <-chan time.Time
		if wait > 0 {
			alarm = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.wake:
		case <-alarm:
		case <-changed:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(settle):
			}
		}
	}
}

// step sends what may be sent now. It returns after what time there may be more
// without anything happening, 0 for never.
func (f *feed) step() (time.Duration, error) {
	level, err := f.takeNews()
	if err != nil {
		return 0, err
	}
	sent := false
	for f.window.open() {
		size, err := f.sendData()
		if err != nil {
			return 0, err
		}
		if size == 0 {
			break
		}
		f.window.add(size, time.Now())
		sent = true
	}
	wait, err := f.sendFresh(level, sent)
	if err != nil {
		return 0, err
	}
	if err := f.sendCheck(sent); err != nil {
		return 0, err
	}
	return wait, f.out.Flush()
}

// takeNews takes over what the reading half has left.
func (f *feed) takeNews() (Level, error) {
	f.mu.Lock()
	acked, resync, level := f.acked, f.resync, f.level
	f.resync = false
	f.mu.Unlock()
	if resync {
		f.sent, f.snapshot, f.greeted = state.Version{}, nil, state.Version{}
	}
	return level, f.window.ack(acked, time.Now())
}

// sendData writes one part or delta and returns its size, 0 when there is
// nothing to say.
func (f *feed) sendData() (int, error) {
	known := !f.source.State.Fresh().IsZero()
	if f.snapshot == nil {
		if f.sent == f.source.State.Version() {
			return 0, nil
		}
		d := f.source.State.Since(f.sent)
		if !d.Reset {
			size, err := f.out.Write(&wire.Delta{Delta: d})
			if err == nil {
				f.sent = d.To
			}
			if !errors.Is(err, wire.ErrTooLarge) {
				return size, err
			}
			d = f.source.State.Snapshot()
		}
		if !known && len(d.Changes) == 0 {
			return f.greet(&d)
		}
		f.snapshot = &snapshot{rest: d}
	}
	f.sent = state.Version{}
	part := f.snapshot.next()
	if part.Last {
		f.sent, f.snapshot = part.Delta.To, nil
	}
	return f.out.Write(part)
}

// greet tells the session and the host of a state that knows no torrents yet,
// as the beginning of a snapshot that will be begun anew.
func (f *feed) greet(d *state.Delta) (int, error) {
	if f.greeted == d.To {
		return 0, nil
	}
	f.greeted = d.To
	return f.out.Write(&wire.Part{Delta: *d})
}

// sendFresh tells how old the state is if that is news: at once behind data,
// now and then without. It returns when that will be.
func (f *feed) sendFresh(level Level, data bool) (time.Duration, error) {
	// First the freshness, then the version: what was true then is at most the
	// version of now, and that is the one sent.
	touched := f.source.State.Fresh()
	if !touched.After(f.touched) || f.sent != f.source.State.Version() {
		return 0, nil
	}
	every := freshIdle
	if level == Watching {
		every = freshWatching
	}
	now := time.Now()
	if wait := f.fresh.wait(now, every); wait > 0 && !data {
		return wait, nil
	}
	f.fresh.beat(now)
	f.touched = touched
	age := max(now.Sub(touched), 0)
	_, err := f.out.Write(&wire.Fresh{AgeMS: uint64(age.Milliseconds()), ElapsedMS: uint64(now.Sub(f.began).Milliseconds())})
	return 0, err
}

// sendCheck sends a checksum behind data now and then, and once at the
// beginning of each connection.
func (f *feed) sendCheck(data bool) error {
	first := f.checked == state.Version{}
	now := time.Now()
	if !first && (!data || f.check.wait(now, checkEvery) > 0) {
		return nil
	}
	v, sum := f.source.State.Checksum()
	if v != f.sent {
		return nil
	}
	f.check.beat(now)
	f.checked = v
	_, err := f.out.Write(&wire.Check{Seq: v.Seq, Sum: sum})
	return err
}

// pulse spaces frames at irregular times, for a regular one can be seen on the
// wire. The zero pulse is due.
type pulse struct {
	last   time.Time
	factor float64 // of the next pause, 0.5 to 1.5
}

// wait returns how long to wait from now when beats come about every d.
func (p *pulse) wait(now time.Time, d time.Duration) time.Duration {
	return p.last.Add(time.Duration(p.factor * float64(d))).Sub(now)
}

func (p *pulse) beat(now time.Time) {
	p.last, p.factor = now, 0.5+rand.Float64()
}
