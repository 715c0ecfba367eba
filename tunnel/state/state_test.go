package state

import (
	"errors"
	"sync"
	"testing"
	"time"
)

func TestSince(t *testing.T) {
	s := New(5)
	a, b := Torrent{Hash: Hash{1}, Name: "a"}, Torrent{Hash: Hash{2}, Name: "b"}
	put(t, s, a, b)
	v := s.Version()
	if v != (Version{5, 1}) {
		t.Fatalf("version %v after one change", v)
	}
	b.RateDown, b.Left = 10, 20
	put(t, s, b)
	d := s.Since(v)
	if d.Reset || d.From != 1 || d.To != (Version{5, 2}) || len(d.Changes) != 1 || d.Session != nil || d.Host != nil {
		t.Fatalf("delta %+v", d)
	}
	if c := d.Changes[0]; c.Fields != FieldRateDown|FieldLeft || c.Torrent.Hash != b.Hash || c.Torrent.Left != 20 {
		t.Errorf("change %+v", c)
	}
	if d := s.Since(s.Version()); !d.Empty() {
		t.Errorf("delta to the present: %+v", d)
	}
}

func TestSinceIsSnapshot(t *testing.T) {
	s := New(5)
	put(t, s, Torrent{Hash: Hash{1}})
	put(t, s, Torrent{Hash: Hash{2}})
	for name, v := range map[string]Version{
		"nothing":       {},
		"other epoch":   {6, 1},
		"the future":    {5, 3},
		"before change": {5, 0},
	} {
		d := s.Since(v)
		if !d.Reset || len(d.Changes) != 2 || d.Session == nil || d.Host == nil || d.To != s.Version() {
			t.Errorf("%s: %+v", name, d)
		}
		if d.Changes[0].Torrent.Hash != (Hash{2}) {
			t.Errorf("%s: the latest change does not come first", name)
		}
	}
}

func TestSinceOfRemovedAndBack(t *testing.T) {
	s := New(5)
	a := Torrent{Hash: Hash{1}, Name: "a"}
	put(t, s, a)
	v := s.Version()
	remove(t, s, a.Hash)
	if d := s.Since(v); len(d.Removed) != 1 || len(d.Changes) != 0 {
		t.Errorf("after the removal: %+v", d)
	}
	put(t, s, a)
	d := s.Since(v)
	if len(d.Removed) != 0 || len(d.Changes) != 1 || d.Changes[0].Fields != AllFields {
		t.Errorf("after its return: %+v", d)
	}
}

func TestUpdateWithoutChange(t *testing.T) {
	s := New(5)
	a := Torrent{Hash: Hash{1}, Name: "a", Labels: []string{"x"}}
	put(t, s, a)
	v, changed := s.Version(), s.Changed()
	a.Labels = []string{"x"}
	put(t, s, a)
	remove(t, s, Hash{9})
	if s.Version() != v {
		t.Errorf("version %v, want %v", s.Version(), v)
	}
	select {
	case <-changed:
		t.Error("waiters were woken")
	default:
	}
}

func TestUpdateError(t *testing.T) {
	s, sentinel := New(5), errors.New("no")
	err := s.Update(func(tx *Tx) error {
		tx.SetHost(Host{CPU: 1})
		return sentinel
	})
	if !errors.Is(err, sentinel) {
		t.Errorf("error %v", err)
	}
	if s.Version().Seq != 1 || s.Host().CPU != 1 {
		t.Error("what was done before the error is gone")
	}
}

func TestMergeUnknown(t *testing.T) {
	s := New(5)
	err := s.Update(func(tx *Tx) error {
		return tx.Merge(&Change{Fields: FieldName, Torrent: Torrent{Hash: Hash{1}}})
	})
	if !errors.Is(err, ErrUnknownTorrent) {
		t.Errorf("a torrent that was never there: %v", err)
	}
	put(t, s, Torrent{Hash: Hash{1}})
	remove(t, s, Hash{1})
	err = s.Update(func(tx *Tx) error {
		return tx.Apply(&Delta{Changes: []Change{{FieldName, Torrent{Hash: Hash{1}}}}})
	})
	if !errors.Is(err, ErrUnknownTorrent) {
		t.Errorf("one that was removed: %v", err)
	}
}

func TestGet(t *testing.T) {
	s := New(5)
	put(t, s, Torrent{Hash: Hash{1}, Name: "a"})
	if got, ok := s.Get(Hash{1}); !ok || got.Name != "a" {
		t.Errorf("got %v %v", got, ok)
	}
	remove(t, s, Hash{1})
	if _, ok := s.Get(Hash{1}); ok {
		t.Error("a removed torrent is there")
	}
	if _, ok := s.Get(Hash{2}); ok {
		t.Error("an unknown torrent is there")
	}
}

func TestEachStops(t *testing.T) {
	s := New(5)
	put(t, s, Torrent{Hash: Hash{1}}, Torrent{Hash: Hash{2}})
	n := 0
	s.Each(func(*Torrent) bool { n++; return false })
	if n != 1 {
		t.Errorf("%d calls after false", n)
	}
}

func TestTouch(t *testing.T) {
	s := New(5)
	if !s.Fresh().IsZero() {
		t.Error("a new state is fresh")
	}
	t1 := time.Unix(1000, 0)
	changed := s.Changed()
	s.Touch(t1)
	<-changed
	again := s.Changed()
	s.Touch(t1.Add(-time.Second))
	select {
	case <-again:
		t.Error("an earlier touch woke the waiters")
	default:
	}
	if !s.Fresh().Equal(t1) {
		t.Errorf("fresh at %v, want %v", s.Fresh(), t1)
	}
	if s.Version().Seq != 0 {
		t.Error("a touch changed the version")
	}
}

// TestConcurrent is for the race detector: one writer, readers of all kinds, and
// a waiter that must see the last change.
func TestConcurrent(t *testing.T) {
	const last = 500
	s := New(5)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			f := &follow{state: New(6)}
			for f.at.Seq < last {
				changed := s.Changed()
				f.catchUpQuietly(s)
				s.Each(func(torrent *Torrent) bool { return torrent.Size < 10 })
				s.Totals()
				s.Checksum()
				if f.at.Seq < last {
					<-changed
				}
			}
		})
	}
	for i := range last {
		put(t, s, Torrent{Hash: Hash{byte(i)}, Size: int64(i + 1)})
	}
	wg.Wait()
}

// catchUpQuietly is catchUp while the source goes on changing.
func (f *follow) catchUpQuietly(source *State) {
	d := source.Since(f.at)
	if err := f.state.Update(func(tx *Tx) error { return tx.Apply(&d) }); err != nil {
		panic(err)
	}
	f.at = d.To
}

func TestEpoch(t *testing.T) {
	const e = Epoch(0xabc)
	if e.String() != "0000000000000abc" {
		t.Errorf("String %q", e)
	}
	if got, err := ParseEpoch(e.String()); got != e || err != nil {
		t.Errorf("ParseEpoch: %v, %v", got, err)
	}
	for _, s := range []string{"", "abc", "000000000000000g", "00000000000000abc", "+000000000000abc"} {
		if _, err := ParseEpoch(s); err == nil {
			t.Errorf("ParseEpoch(%q) accepts", s)
		}
	}
}

// TestReader compares what a Reader shows with the rest of the State.
func TestReader(t *testing.T) {
	h := newHistory(5, 40)
	for range 300 {
		before := h.state.Version()
		h.step(t)
		delta, touched := h.state.Since(before), map[Hash]bool{}
		version, wantSum := h.state.Checksum()
		h.state.View(func(r Reader) {
			if r.Sum() != wantSum || r.Version() != version || r.Len() != len(h.model.torrents) {
				t.Fatalf("%d torrents at %v", r.Len(), r.Version())
			}
			r.ChangedAfter(before.Seq, func(e Entry) bool {
				touched[e.Torrent().Hash] = true
				if _, there := h.model.torrents[e.Torrent().Hash]; there == e.Removed() {
					t.Fatalf("removed %v", e.Removed())
				}
				return true
			})
			for hash, want := range h.model.torrents {
				if e, ok := r.Get(hash); !ok || Diff(e.Torrent(), &want) != 0 {
					t.Fatal("Get differs")
				}
			}
		})
		if !delta.Reset && len(touched) != len(delta.Changes)+len(delta.Removed) {
			t.Fatalf("%d touched, the delta has %d changes and %d removals", len(touched), len(delta.Changes), len(delta.Removed))
		}
	}
}
