package view

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// Tuning.
const (
	detailPace = time.Second     // least time between two frames of figures
	piecesPace = 2 * time.Second // least time between two bit fields, which are long
	agePace    = 5 * time.Second // least time between two frames with nothing but the age
	// detailsKept is how many details a feed keeps to tell differences from: more
	// than the seconds that a page is slow for. They can be long, and marks many.
	detailsKept = 8
)

// details is the Feed of one torrent's details, while its viewer may see it.
type details struct {
	views *Views
	who   viewer
	key   owners.Key

	mu     sync.Mutex
	recent []*told // the newest last; serials without a gap
}

// told is a detail at one moment.
type told struct {
	state.Detail
	at     time.Time
	serial uint64 // from 1
	pieces uint64 // serial of the first with the same pieces
}

// detailMark is the Mark of details: what a page has.
type detailMark struct {
	feed     *details
	access   owners.Grant
	serial   uint64 // of a told; 0 while there was none
	pieces   uint64 // told.pieces
	piecesAt time.Time
}

// torrent returns the feed of a torrent's own topic.
func (v *Views) torrent(who viewer, topic string) (hub.Feed, bool) {
	key, ok := parseTopic(topic)
	if !ok {
		return nil, false
	}
	v.update(v.syncLocked)
	f := &details{views: v, who: who, key: key}
	if access, _ := f.access(); access.Access == owners.None {
		return nil, false
	}
	return f, true
}

// parseTopic reads what TorrentTopic wrote, and nothing else: there is one way
// only to write each name.
func parseTopic(topic string) (owners.Key, bool) {
	rest, ok := strings.CutPrefix(topic, topicTorrent)
	name, hash, _ := strings.Cut(rest, "/")
	box, err := url.PathUnescape(name)
	h, notHash := state.ParseHash(hash)
	if !ok || err != nil || notHash != nil || TorrentTopic(box, h) != topic {
		return owners.Key{}, false
	}
	return owners.Key{Box: box, Hash: h}, true
}

// TorrentTopic returns the name of a torrent's own topic.
func TorrentTopic(box string, h state.Hash) string {
	return topicTorrent + url.PathEscape(box) + "/" + h.String()
}

// access returns what the viewer may do with the torrent, and whether it is there now.
// Until the box has told what it has, it is taken to have what was given of it: a page
// that was open while the controller started again waits for its torrent.
func (f *details) access() (access owners.Grant, there bool) {
	for _, b := range *f.views.shown.Load() {
		if b.name != f.key.Box {
			continue
		}
		c := b.look(f.key.Hash)
		switch {
		case c.removed && !b.state.Fresh().IsZero():
			return owners.Grant{}, false
		case f.who.admin():
			return owners.Grant{Access: owners.Own}, !c.removed
		}
		return owners.GrantOf(f.views.cfg.Owners.Grants(f.key, c.added), f.who.user), !c.removed
	}
	return owners.Grant{}, false
}

// Watch implements hub.Feed: the box tells the details while somebody looks.
func (f *details) Watch(changed func()) (stop func()) {
	w := &watcher{changed: changed}
	v := f.views
	v.update(func() {
		if v.open[f.key] == nil {
			v.open[f.key] = &watchers{}
		}
		v.open[f.key].add(w)
	})
	release := v.cfg.Source.Open(f.key.Box, f.key.Hash, w.call)
	return sync.OnceFunc(func() {
		v.update(func() {
			l := v.open[f.key]
			if l.remove(w); len(*l) == 0 {
				delete(v.open, f.key)
			}
		})
		release()
	})
}

// Since implements hub.Feed.
func (f *details) Since(mark hub.Mark) hub.Update {
	access, there := f.access()
	if access.Access == owners.None {
		return hub.Update{Gone: true}
	}
	from, ours := mark.(detailMark)
	ours = ours && from.feed == f
	d, at, ok := f.views.cfg.Source.Detail(f.key.Box, f.key.Hash)
	if !ok || !there {
		if ours {
			return hub.Update{Mark: from}
		}
		return hub.Update{Mark: detailMark{feed: f}, Reset: true, Parts: [][]byte{[]byte(`"pending":true`)}}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.noteLocked(d, at)
	before := f.atLocked(from.serial)
	if !ours || before == nil || from.access != access || len(before.Files) != len(now.Files) {
		return hub.Update{
			Mark:  detailMark{f, access, now.serial, now.pieces, time.Now()},
			Reset: true, Parts: wholeDetail(now, access),
		}
	}
	return f.difference(from, before, now)
}

// difference returns what leads from one moment to another. The bit field waits
// for its turn; newer details come all the time, and one of them brings it.
func (f *details) difference(from detailMark, before, now *told) hub.Update {
	to := from
	to.serial = now.serial
	if now.serial == before.serial {
		return hub.Update{Mark: to}
	}
	var d detailWriter
	d.delay = agePace
	d.age(now)
	d.difference(before, now, from.access)
	if now.pieces != from.pieces && time.Since(from.piecesAt) >= piecesPace {
		d.pieces(&now.Pieces)
		d.hurry(detailPace)
		to.pieces, to.piecesAt = now.pieces, time.Now()
	}
	return hub.Update{Mark: to, Parts: d.finish(), Delay: d.delay}
}

// noteLocked returns the newest detail, which is d.
func (f *details) noteLocked(d state.Detail, at time.Time) *told {
	now := &told{Detail: d, at: at, serial: 1, pieces: 1}
	if n := len(f.recent); n > 0 {
		last := f.recent[n-1]
		if !at.After(last.at) {
			return last
		}
		now.serial = last.serial + 1
		now.pieces = now.serial
		if d.Pieces.Equal(&last.Pieces) {
			now.pieces = last.pieces
		}
	}
	if len(f.recent) == detailsKept {
		f.recent = slices.Delete(f.recent, 0, 1)
	}
	f.recent = append(f.recent, now)
	return now
}

// atLocked returns the detail of that serial if it is still known.
func (f *details) atLocked(serial uint64) *told {
	if serial == 0 || len(f.recent) == 0 || serial < f.recent[0].serial {
		return nil
	}
	return f.recent[serial-f.recent[0].serial]
}
