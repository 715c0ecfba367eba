package mirror

import (
	"slices"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// Details has the details of torrents that somebody has open. *poll.Poller is
// one. Calls do not block.
type Details interface {
	// Open has the torrent's details kept until release is called.
	Open(state.Hash) (release func())
	// Detail returns the newest and when it was true. It is false with the zero
	// time while there is none, and with another when the torrent is gone.
	Detail(state.Hash) (state.Detail, time.Time, bool)
	// DetailChanged returns a channel that is closed when there is something
	// newer for any of them.
	DetailChanged() <-chan struct{}
}

// opened is a torrent that a feed keeps open, in the slot that it has on the
// line.
type opened struct {
	hash    state.Hash
	release func()
	told    time.Time // when what is or was being told was true
	more    bool      // not all of it was
}

// reopen keeps open what home has open now.
func (f *feed) reopen(open []state.Hash) {
	if f.source.Details == nil {
		return
	}
	for slot, o := range f.opened {
		if o != nil && !slices.Contains(open, o.hash) {
			o.release()
			f.opened[slot] = nil
			f.details.Forget(slot)
		}
	}
	for _, h := range open {
		if slices.ContainsFunc(f.opened[:], func(o *opened) bool { return o != nil && o.hash == h }) {
			continue
		}
		if slot := slices.Index(f.opened[:], nil); slot >= 0 {
			f.opened[slot] = &opened{hash: h, release: f.source.Details.Open(h)}
		}
	}
}

// sendDetail writes one frame about one of the open torrents. It returns false
// when there is nothing to say.
func (f *feed) sendDetail(limit int) (bool, error) {
	for slot, o := range f.opened {
		if o == nil {
			continue
		}
		d, at, ok := f.source.Details.Detail(o.hash)
		if at.After(o.told) {
			o.told, o.more = at, true
			f.details.Again(slot)
		}
		if !o.more {
			continue
		}
		now := time.Now()
		news := f.details.Encode(f.body[:0], slot, &d, !ok, now.Sub(at), limit)
		f.body, o.more = news.Body, news.More
		size, err := f.out.WriteNews(&news)
		f.window.add(size, now)
		return true, err
	}
	return false, nil
}

// detailsChanged returns a channel that is closed when there may be more to tell
// of the open torrents.
func (f *feed) detailsChanged() <-chan struct{} {
	if slices.ContainsFunc(f.opened[:], func(o *opened) bool { return o != nil }) {
		return f.source.Details.DetailChanged()
	}
	return nil
}

// detail is what a follower has of an open torrent.
type detail struct {
	state.Detail
	at   time.Time
	gone bool
}

// Detail returns what a torrent that somebody has open (see SetInterest) was like,
// and when. It is false with the zero time while nothing has come, and with another
// when the box did not have the torrent at that time.
func (f *Follower) Detail(h state.Hash) (state.Detail, time.Time, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, ok := f.details[h]
	return d.Detail, d.at, ok && !d.gone
}

// DetailChanged returns a channel that is closed when any detail does, or its
// age. Take the channel first and call Detail after.
func (f *Follower) DetailChanged() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.detailChanged == nil {
		f.detailChanged = make(chan struct{})
	}
	return f.detailChanged
}

// takeDetail notes what came of a torrent that is still open.
func (c *following) takeDetail(d *wire.Detail) {
	if !d.Whole {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.interest.open, d.Detail.Hash) {
		return
	}
	c.details[d.Detail.Hash] = detail{d.Detail, time.Now().Add(-d.Age - c.transit.oneWay), d.Gone}
	if c.detailChanged != nil {
		close(c.detailChanged)
		c.detailChanged = nil
	}
}
