package owners

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"offing/controller/internal/fleet"
	"offing/tunnel/state"
)

const (
	sweepEvery = time.Hour
	retryAfter = 5 * time.Second  // after the store failed
	freshFor   = 10 * time.Minute // what a box said is believed to be all that it has
	keepFor    = 90               // days of a box without a torrent, until its grants are dropped
	day        = 24 * 60 * 60     // seconds
)

// ofInterest are the fields that say what a torrent is to its owners.
const ofInterest = state.FieldName | state.FieldLabels | state.FieldAdded | state.FieldSize

// Source is where the boxes come from. *fleet.Fleet is one.
type Source interface {
	Boxes() []fleet.Box
	// Changed returns a channel that is closed when anything about any box changes.
	Changed() <-chan struct{}
}

// follower keeps Owners in step with the boxes.
type follower struct {
	*Owners
	seen map[string]state.Version // of each box, up to which all was looked at
}

// sight is what counts of a torrent that a box has.
type sight struct {
	added  int64
	anew   bool // it was removed since the last look, and came back
	name   string
	labels []string // not to be written to
}

// Follow keeps the grants in step with the boxes in source until ctx ends: it
// notes which torrent was meant by what was given before the box had it, applies
// the rules to torrents that nobody owns, drops what was given of a torrent that
// was removed and in whose place there is another, and what was given of one that
// the box has been without for 90 days. A box that is away, or has said nothing yet, makes nothing
// be forgotten. There is one Follow at a time.
func (o *Owners) Follow(ctx context.Context, source Source) {
	f := &follower{o, map[string]state.Version{}}
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for ctx.Err() == nil {
		news := source.Changed()
		err := f.look(ctx, source.Boxes())
		var retry <-chan time.Time
		if err != nil && ctx.Err() == nil {
			o.log.Warn("who has which torrent could not be kept", "err", err)
			news, retry = nil, time.After(retryAfter)
		}
		select {
		case <-ctx.Done():
		case <-news:
		case <-retry:
		case <-o.newRules:
			clear(f.seen)
		case <-sweep.C:
			if err := o.sweep(ctx, source.Boxes()); err != nil && ctx.Err() == nil {
				o.log.Warn("old grants could not be dropped", "err", err)
			}
		}
	}
}

// look takes in what has changed since the last look. After an error it is to be
// called again: the boxes at fault are then looked at from where they were.
func (f *follower) look(ctx context.Context, boxes []fleet.Box) error {
	states := make(map[string]*state.State, len(boxes))
	for _, b := range boxes {
		states[b.Name] = b.State
	}
	f.recount(f.tally.setBoxes(states))
	maps.DeleteFunc(f.seen, func(name string, _ state.Version) bool { return states[name] == nil })
	for _, b := range boxes {
		if b.State.Version() == f.seen[b.Name] {
			continue
		}
		if err := f.lookAt(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// lookAt takes in what has changed in one box.
func (f *follower) lookAt(ctx context.Context, b fleet.Box) error {
	sights, gone, now := sightsSince(b.State, f.seen[b.Name])
	keys := make([]Key, 0, len(sights)+len(gone))
	for h := range sights {
		keys = append(keys, Key{b.Name, h})
	}
	for _, h := range gone {
		keys = append(keys, Key{b.Name, h})
	}
	f.writing.Lock()
	rules := f.Rules()
	_, err := f.editLocked(ctx, keys, func(k Key, r record) record {
		if s, ok := sights[k.Hash]; ok {
			return r.inSight(k.Box, &s, rules)
		}
		r.gone = len(r.grants) > 0
		return r
	})
	f.writing.Unlock()
	if now.whole {
		keys = append(keys, f.tally.ofBox(b.Name)...)
	}
	f.recount(keys)
	if errors.Is(err, ErrNoRoom) { // trying again would not help
		f.log.Warn("a rule could not be applied to every torrent", "box", b.Name, "err", err)
	} else if err != nil {
		return err
	}
	f.seen[b.Name] = now.Version
	return nil
}

// inSight returns the record of a torrent that a box has now.
func (r record) inSight(box string, s *sight, rules []Rule) record {
	if r.other(s.added) && (r.gone || s.anew) {
		r = record{}
	}
	r.gone = false
	if len(r.grants) > 0 {
		r.added = cmp.Or(s.added, r.added)
	}
	if owned(r.grants) {
		return r
	}
	i := slices.IndexFunc(rules, func(rule Rule) bool { return rule.fits(box, s) })
	if i < 0 || AccessOf(r.grants, rules[i].User) >= rules[i].Access {
		return r
	}
	return r.give(cmp.Or(s.added, r.added), rules[i].User, rules[i].Access)
}

// point is a version up to which something was looked at, wholly or since another.
type point struct {
	state.Version
	whole bool
}

// sightsSince returns what a box has that is new or otherwise since a version, or
// all that it has when that is too old or of another life, and what has gone.
func sightsSince(s *state.State, since state.Version) (sights map[state.Hash]sight, gone []state.Hash, now point) {
	sights = map[state.Hash]sight{}
	s.View(func(r state.Reader) {
		now = point{r.Version(), false}
		if since.Epoch != now.Epoch || !r.Knows(since.Seq) {
			since.Seq, now.whole = 0, true
		}
		r.ChangedAfter(since.Seq, func(e state.Entry) bool {
			t := e.Torrent()
			if e.Removed() {
				gone = append(gone, t.Hash)
			} else if changed := e.Since(since.Seq); changed&ofInterest != 0 {
				anew := !now.whole && changed == state.AllFields // what only changes does not change in all
				sights[t.Hash] = sight{t.Added, anew, t.Name, t.Labels}
			}
			return true
		})
	})
	return sights, gone, now
}

// sweep counts the days on which boxes were without torrents that were given, and
// drops what was given when there were too many.
func (o *Owners) sweep(ctx context.Context, boxes []fleet.Box) error {
	now := o.now()
	today := uint32(now.Unix() / day)
	for _, b := range boxes {
		if fresh := b.State.Fresh(); fresh.IsZero() || now.Sub(fresh) > freshFor {
			continue // it may have what it does not say
		}
		o.writing.Lock()
		_, err := o.editLocked(ctx, o.index.box(b.Name), func(k Key, r record) record {
			if _, ok := b.State.Get(k.Hash); ok {
				r.absent = absence{}
			} else if today > r.absent.last {
				r.absent = absence{r.absent.days + 1, today}
			}
			if r.absent.days >= keepFor {
				return record{}
			}
			return r
		})
		o.writing.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
