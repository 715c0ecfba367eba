package view

import (
	"strconv"

	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// share is what one torrent counts for in the totals.
type share struct {
	status               state.Status
	failed               bool
	size, left, down, up int64
}

func shareOf(t *state.Torrent) share {
	return share{t.Status, t.Error != state.NoError, t.Size, t.Left, t.RateDown, t.RateUp}
}

// totals are the sums over the torrents of a table. They are comparable.
type totals struct {
	torrents, errors     int
	size, left, down, up int64
	status               [state.Seeding + 2]int // by status; the last is for those that this version does not know
}

func (n *totals) add(s *share) { n.count(s, 1) }
func (n *totals) sub(s *share) { n.count(s, -1) }

func (n *totals) count(s *share, sign int) {
	n.torrents += sign
	if s.failed {
		n.errors += sign
	}
	n.status[min(int(s.status), len(n.status)-1)] += sign
	k := int64(sign)
	n.size += k * s.size
	n.left += k * s.left
	n.down += k * s.down
	n.up += k * s.up
}

// sums is the Feed of the totals. Its content is always whole.
type sums struct{ seat }

// sumsMark is the Mark of sums.
type sumsMark struct {
	totals totals
	quota  owners.Quota
	used   owners.Usage
}

// Watch implements hub.Feed: who reads rates wants the boxes polled often.
func (f *sums) Watch(changed func()) (stop func()) {
	leave := f.watch(changed, true, func(t *table) *watchers { return &t.sums })
	if f.who.admin() {
		return leave
	}
	unwatch := f.views.cfg.Owners.WatchQuota(f.who.user, changed)
	return func() { unwatch(); leave() }
}

// Since implements hub.Feed.
func (f *sums) Since(mark hub.Mark) hub.Update {
	var now sumsMark
	if !f.who.admin() {
		now.quota, now.used = f.views.cfg.Owners.Quota(f.who.user)
	}
	t := f.lock()
	now.totals = t.totals
	t.mu.Unlock()
	u := hub.Update{Mark: now, Reset: true}
	if mark != now {
		u.Parts = [][]byte{appendTotals(nil, &now, !f.who.admin())}
	}
	return u
}

// appendTotals appends the members of the topic.
func appendTotals(b []byte, m *sumsMark, quota bool) []byte {
	n := &m.totals
	b = strconv.AppendInt(append(b, `"torrents":`...), int64(n.torrents), 10)
	b = strconv.AppendInt(append(b, `,"down":`...), n.down, 10)
	b = strconv.AppendInt(append(b, `,"up":`...), n.up, 10)
	b = strconv.AppendInt(append(b, `,"size":`...), n.size, 10)
	b = strconv.AppendInt(append(b, `,"left":`...), n.left, 10)
	b = append(b, `,"status":{`...)
	empty := true
	for s, count := range n.status {
		if count == 0 {
			continue
		}
		if !empty {
			b = append(b, ',')
		}
		empty = false
		b = appendString(b, state.Status(s).String())
		b = strconv.AppendInt(append(b, ':'), int64(count), 10)
	}
	b = strconv.AppendInt(append(b, `},"errors":`...), int64(n.errors), 10)
	if quota {
		b = appendQuota(b, m.quota, m.used)
	}
	return b
}

// appendQuota appends the limits that there are, and what counts against them.
func appendQuota(b []byte, q owners.Quota, u owners.Usage) []byte {
	b = append(b, `,"quota":{`...)
	if q.Torrents > 0 {
		b = strconv.AppendInt(append(b, `"torrents":`...), int64(q.Torrents), 10)
	}
	if q.Bytes > 0 {
		if q.Torrents > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `"bytes":`...), q.Bytes, 10)
	}
	b = strconv.AppendInt(append(b, `},"used":{"torrents":`...), int64(u.Torrents), 10)
	b = strconv.AppendInt(append(b, `,"bytes":`...), u.Bytes, 10)
	return append(b, '}')
}
