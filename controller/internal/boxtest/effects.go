package boxtest

import (
	"cmp"
	"path"
	"reflect"
	"slices"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// What a box says of itself where it is asked.
const (
	SpaceFree  = 40 << 30 // bytes
	SpaceTotal = 100 << 30
	Rules      = 1234 // of the blocklist
)

var unknownTorrent = command.Fault{Code: command.UnknownTorrent, Text: "the box does not have this torrent"}

// ordered returns the torrents of a command so that those of a queue move do not pass
// each other.
func (b *Box) ordered(c *command.Command) []state.Hash {
	hashes := slices.Clone(c.Torrents)
	sign := 1
	switch c.Kind {
	case command.QueueTop, command.QueueDown:
		sign = -1
	case command.QueueUp, command.QueueEnd:
	default:
		return hashes
	}
	place := func(h state.Hash) int32 {
		t, _ := b.State.Get(h)
		return t.Queue
	}
	slices.SortFunc(hashes, func(x, y state.Hash) int { return sign * cmp.Compare(place(x), place(y)) })
	return hashes
}

// apply does a command with a torrent.
func (b *Box) apply(c *command.Command, h state.Hash) *command.Fault {
	t, ok := b.State.Get(h)
	if !ok {
		f := unknownTorrent
		return &f
	}
	switch c.Kind {
	case command.Start, command.StartNow:
		t.Status = goal(&t)
	case command.Stop:
		t.Status, t.RateDown, t.RateUp = state.Stopped, 0, 0
	case command.Verify:
		t.Status = state.CheckQueued
	case command.Remove:
		_ = b.State.Update(func(tx *state.Tx) error { tx.Remove(h); return nil })
		return nil
	case command.Move:
		t.Dir = c.Move.Dir
	case command.Rename:
		if c.Rename.Path == t.Name {
			t.Name = c.Rename.Name
		}
	case command.Change:
		b.change(&t, c.Change)
		if c.Change.Queue != nil {
			b.place(&t, int(*c.Change.Queue))
			return nil
		}
	case command.QueueTop:
		b.place(&t, 0)
		return nil
	case command.QueueUp:
		b.place(&t, int(t.Queue)-1)
		return nil
	case command.QueueDown:
		b.place(&t, int(t.Queue)+1)
		return nil
	case command.QueueEnd:
		b.place(&t, b.State.Totals().Torrents)
		return nil
	}
	b.Put(&t)
	return nil
}

// goal is what a torrent does that was started.
func goal(t *state.Torrent) state.Status {
	if t.Left == 0 && t.Metadata == state.Whole {
		return state.Seeding
	}
	return state.Downloading
}

// place moves a torrent to a place in the queue, as far as there is one.
func (b *Box) place(t *state.Torrent, to int) {
	var all []state.Torrent
	b.State.Each(func(x *state.Torrent) bool {
		if x.Hash != t.Hash {
			all = append(all, *x)
		}
		return true
	})
	slices.SortFunc(all, func(x, y state.Torrent) int { return cmp.Compare(x.Queue, y.Queue) })
	all = slices.Insert(all, min(max(to, 0), len(all)), *t)
	_ = b.State.Update(func(tx *state.Tx) error { // only the function could fail
		for i := range all {
			all[i].Queue = int32(i)
			tx.Put(&all[i])
		}
		return nil
	})
}

// change makes a torrent otherwise, and its files where they were put.
func (b *Box) change(t *state.Torrent, c *command.Changes) {
	if c.Labels != nil {
		t.Labels = slices.Clone(*c.Labels)
	}
	merge(&t.Options, c)
	t.Trackers = slices.DeleteFunc(slices.Clone(t.Trackers), func(u string) bool { return slices.Contains(c.RemoveTrackers, u) })
	for i, u := range t.Trackers {
		for _, r := range c.ReplaceTrackers {
			if r.Old == u {
				t.Trackers[i] = r.New
			}
		}
	}
	for _, u := range c.AddTrackers {
		if !slices.Contains(t.Trackers, u) {
			t.Trackers = append(t.Trackers, u)
		}
	}
	b.details.mu.Lock()
	d, known := b.details.known[t.Hash]
	b.details.mu.Unlock()
	if !known {
		return
	}
	d.Files = slices.Clone(d.Files)
	mark := func(list []int32, f func(*state.File)) {
		for i := range d.Files {
			if slices.Contains(list, int32(i)) || slices.Contains(list, command.AllFiles) {
				f(&d.Files[i])
			}
		}
	}
	mark(c.Skip, func(f *state.File) { f.Wanted = false })
	mark(c.Want, func(f *state.File) { f.Wanted = true })
	mark(c.Low, func(f *state.File) { f.Priority = -1 })
	mark(c.Normal, func(f *state.File) { f.Priority = 0 })
	mark(c.High, func(f *state.File) { f.Priority = 1 })
	b.PutDetail(d.Detail)
}

// merge gives the fields of to those of from of the same name that are there.
func merge(to, from any) {
	target, source := reflect.ValueOf(to).Elem(), reflect.ValueOf(from).Elem()
	for i := range source.NumField() {
		f := target.FieldByName(source.Type().Field(i).Name)
		if v := source.Field(i); f.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() {
			f.Set(v.Elem())
		}
	}
}

// alone does a command that is about no torrent of the box.
func (b *Box) alone(c *command.Command, r *command.Result) *command.Fault {
	switch c.Kind {
	case command.Add:
		return b.add(c.Add, r)
	case command.Configure:
		return b.configure(c.Settings)
	case command.FreeSpace:
		r.Space = &command.Space{Free: SpaceFree, Total: SpaceTotal}
	case command.TestPort:
		r.Open = new(bool)
		*r.Open = true
	case command.Blocklist:
		r.Rules = new(int64)
		*r.Rules = Rules
	}
	return nil
}

func (b *Box) configure(n *command.NewSettings) *command.Fault {
	settings := b.State.Settings()
	merge(&settings, n)
	session := b.State.Session()
	merge(&session, n)                            // AltSpeed
	_ = b.State.Update(func(tx *state.Tx) error { // only the function could fail
		tx.SetSettings(settings)
		tx.SetSession(session)
		return nil
	})
	return nil
}

// add adds a torrent of a made-up size.
func (b *Box) add(a *command.Addition, r *command.Result) *command.Fault {
	t, fault := parse(a)
	if fault != nil {
		return fault
	}
	if known, ok := b.State.Get(t.Hash); ok {
		r.Added = &command.Added{Hash: known.Hash, Name: known.Name, Duplicate: true}
		return nil
	}
	t.Added, t.Queue = time.Now().Unix(), int32(b.State.Totals().Torrents)
	t.Dir = path.Join("/srv/torrents", a.Dir)
	if path.IsAbs(a.Dir) {
		t.Dir = a.Dir
	}
	if t.Status = state.Downloading; a.Paused {
		t.Status = state.Stopped
	}
	if a.Changes != nil {
		b.change(&t, a.Changes)
	}
	b.Put(&t)
	r.Added = &command.Added{Hash: t.Hash, Name: t.Name}
	return nil
}
