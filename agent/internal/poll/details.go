package poll

import (
	"sync"
	"time"

	"offing/tunnel/state"
)

// Intervals and limits of the details.
const (
	detailInterval = 2 * time.Second  // between two questions for one open torrent
	restInterval   = 30 * time.Second // between two questions for the files and pieces of one that rests
	maxDetails     = 32               // questions within detailInterval
	nothingToDo    = 24 * time.Hour   // until a wake-up
)

// restMoves are the fields of a list row that change when files or pieces do.
const restMoves = state.FieldName | state.FieldStatus | state.FieldError | state.FieldSize | state.FieldLeft |
	state.FieldMetadata | state.FieldChecked | state.FieldDownloaded

// details are the torrents that somebody has open.
type details struct {
	wake chan struct{} // of one place

	mu      sync.Mutex
	open    map[state.Hash]*openTorrent
	changed chan struct{} // nil while nobody waits
	round   time.Time     // when the present detailInterval began
	asked   int           // since then
	rest    time.Time     // the daemon is left alone until then
}

// openTorrent is guarded by details.mu.
type openTorrent struct {
	openings int
	detail   state.Detail
	at       time.Time // when detail was true; zero before the first answer
	gone     bool      // the daemon did not have it at that time

	due   time.Time     // when it is asked for next
	whole time.Time     // when its files and pieces were asked for
	row   state.Torrent // its list row then
}

// Open has the torrent's details asked for, at once and then every two seconds,
// while somebody looks (see Interest). Of more than 32 open torrents each waits
// for its turn. The details are forgotten when all who opened the torrent have
// called their release, which may be called again without effect.
func (p *Poller) Open(hash state.Hash) (release func()) {
	d := &p.details
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.open[hash]
	if o == nil {
		o = &openTorrent{detail: state.Detail{Hash: hash}}
		d.open[hash] = o
		wakeUp(d.wake)
	}
	o.openings++
	return sync.OnceFunc(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if o.openings--; o.openings == 0 {
			delete(d.open, hash)
		}
	})
}

// Detail returns the newest details of an open torrent, and when they were
// true. It returns false with the zero time when there are none yet, or the
// torrent is not open, and false with a time when the daemon did not have the
// torrent then. While the daemon does not answer the last ones stay.
func (p *Poller) Detail(hash state.Hash) (state.Detail, time.Time, bool) {
	p.details.mu.Lock()
	defer p.details.mu.Unlock()
	o := p.details.open[hash]
	if o == nil {
		return state.Detail{}, time.Time{}, false
	}
	return o.detail, o.at, !o.gone && !o.at.IsZero()
}

// DetailChanged returns a channel that is closed when Detail has something newer
// to say of any torrent, if only the time. Take the channel first and read the
// details after, or a change is missed.
func (p *Poller) DetailChanged() <-chan struct{} {
	d := &p.details
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changed == nil {
		d.changed = make(chan struct{})
	}
	return d.changed
}

// renew has all that is open asked for at once, files and pieces too.
func (d *details) renew() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.open {
		o.due, o.whole = time.Time{}, time.Time{}
	}
	wakeUp(d.wake)
}
