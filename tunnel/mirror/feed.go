package mirror

import (
	"context"
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
	// frameSize is about the most bytes of a frame: little enough that the first
	// rows of a snapshot are soon there.
	frameSize = 28 << 10

	freshWatching = 2 * time.Second  // between two frames without changes
	freshIdle     = 15 * time.Second // the same when nobody looks
	checkEvery    = time.Minute      // between two Checks
	coverEvery    = time.Second      // between two cells under cover
	// coverReserve is what is left of a cell for the frames' heads, for a Check,
	// and for the last row of a frame, which may be longer than there is room.
	coverReserve = 100
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
	care   care

	// What follows belongs to the writing half.
	window  window
	enc     *wire.Encoder
	body    []byte        // reused
	told    state.Version // that the last frame was made of
	touched time.Time     // the freshness that it told
	more    bool          // there was no room in it for all
	retell  bool          // what was told about right has to be told exactly
	fresh   pulse
	check   pulse
	checked bool // on this connection
	cover   pulse
	bulk    bool // under cover: the first whole state is still on its way
	details *wire.DetailEncoder
	opened  [wire.MaxOpen]*opened
}

// write sends what there is to send, and waits for more.
func (f *feed) write(ctx context.Context) error {
	defer f.reopen(nil)
	for {
		changed, details := f.source.State.Changed(), f.detailsChanged()
		wait, err := f.step()
		if err != nil {
			return err
		}
		if !f.window.open() || f.covered() {
			changed, details = nil, nil // only an ack helps, or the next beat
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
		case <-details:
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
	care, err := f.takeNews()
	if err != nil {
		return 0, err
	}
	if f.covered() {
		return f.stepCovered(&care)
	}
	for f.window.open() {
		limit := min(frameSize, f.window.limit)
		sent, err := f.sendNews(&care, limit)
		if err == nil && !sent {
			sent, err = f.sendDetail(limit)
		}
		if err != nil {
			return 0, err
		}
		if !sent {
			_, err = f.pad()
			return f.untilFresh(&care), err
		}
	}
	return 0, f.out.Flush()
}

// covered tells whether frames go out by the clock, whatever there is to say.
func (f *feed) covered() bool { return f.source.Cover && !f.bulk }

// stepCovered sends one frame of always the same size at irregular times.
func (f *feed) stepCovered(care *care) (time.Duration, error) {
	now := time.Now()
	if wait := f.cover.wait(now, coverEvery); wait > 0 {
		return wait, nil
	}
	f.cover.beat(now)
	if f.window.open() {
		sent, err := f.sendNews(care, wire.Cell()-coverReserve)
		if err == nil && !sent {
			_, err = f.sendDetail(wire.Cell() - coverReserve)
		}
		if err != nil {
			return 0, err
		}
	}
	_, err := f.out.PadCell()
	return f.cover.wait(now, coverEvery), err
}

// pad ends a batch of frames. Padding is on the way like everything else.
func (f *feed) pad() (int, error) {
	n, err := f.out.Pad()
	f.window.pad(n)
	return n, err
}

// takeNews takes over what the reading half has left.
func (f *feed) takeNews() (care, error) {
	f.mu.Lock()
	acked, resync, now := f.acked, f.resync, f.care
	f.resync, f.care.changed = false, false
	f.mu.Unlock()
	if resync {
		f.begin(0)
	}
	f.retell = f.retell || now.changed
	if now.changed {
		f.reopen(now.open)
	}
	return now, f.window.ack(acked, time.Now())
}

// begin makes the encoder for a follower that has the state at the sequence
// base, 0 for nothing.
func (f *feed) begin(base uint64) {
	f.enc = wire.NewEncoder(base)
	f.told, f.more, f.bulk = state.Version{}, true, true
	f.source.State.View(f.enc.Start)
}

// sendNews writes one frame, and a checksum behind it when it is time for one. It
// returns false when there is nothing to say.
func (f *feed) sendNews(care *care, limit int) (bool, error) {
	now := time.Now()
	var news wire.News
	var check *wire.Check
	lost := false
	f.source.State.View(func(r state.Reader) {
		if lost = f.enc.Lost(r); lost || !f.due(r, care, now) {
			return
		}
		news = f.enc.Encode(f.body[:0], r, &wire.Policy{
			Limit: limit, Live: care.level == Watching, Exact: care.isOpen, Welcome: f.began, Now: now,
			Known: !r.Fresh().IsZero() || r.Len() > 0,
		})
		f.told, f.touched = r.Version(), r.Fresh()
		if news.Whole && f.checkDue(now) {
			check = &wire.Check{Seq: f.told.Seq, Sum: f.enc.Sum(r)}
		}
	})
	if lost {
		f.source.Log.Debug("more removals than are remembered: a snapshot")
		f.begin(0)
		return f.sendNews(care, limit)
	}
	if news.Kind == 0 {
		return false, nil
	}
	f.body = news.Body
	f.more, f.retell, f.bulk = news.More, f.retell && news.More, f.bulk && !news.Whole
	f.fresh.beat(now)
	size, err := f.out.WriteNews(&news)
	f.window.add(size, now)
	if err == nil && check != nil {
		f.check.beat(now)
		f.checked = true
		_, err = f.out.Write(check)
	}
	return true, err
}

// due tells whether a frame made of r would say anything, or anything yet.
func (f *feed) due(r state.Reader, care *care, now time.Time) bool {
	if f.more || f.retell || f.told != r.Version() {
		return true
	}
	if !r.Fresh().After(f.touched) {
		return false
	}
	// What moves at home has to be moved on, or held back.
	return f.enc.Moving() && care.level != Idle || f.fresh.wait(now, care.freshEvery()) <= 0
}

// untilFresh returns when a frame is due that only says that nothing has changed.
func (f *feed) untilFresh(care *care) time.Duration {
	if !f.source.State.Fresh().After(f.touched) {
		return 0
	}
	return max(f.fresh.wait(time.Now(), care.freshEvery()), time.Millisecond)
}

// checkDue tells whether it is time for a checksum: now and then, and once at the
// beginning of each connection.
func (f *feed) checkDue(now time.Time) bool {
	return !f.checked || f.check.wait(now, checkEvery) <= 0
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
