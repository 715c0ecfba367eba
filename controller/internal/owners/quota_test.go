package owners

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"offing/controller/internal/account"
	"offing/tunnel/state"
)

func TestQuota(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	calls := 0
	stop := h.WatchQuota("anna", func() { calls++ })
	expect := func(what string, wantCalls int, q Quota, used Usage) {
		t.Helper()
		h.look(t)
		if gotQ, gotU := h.Quota("anna"); gotQ != q || gotU != used || calls != wantCalls {
			t.Fatalf("%s: %+v, %+v after %d calls; want %+v, %+v after %d", what, gotQ, gotU, calls, q, used, wantCalls)
		}
	}
	one, two := Key{"vps", hash(1)}, Key{"vps", hash(2)}
	put(t, s, state.Torrent{Hash: hash(1), Added: 1, Size: 1000, Left: 900}, state.Torrent{Hash: hash(2), Added: 1, Size: 50})
	expect("nothing", 0, Quota{}, Usage{})
	h.give(t, one, 1, "anna", Act)
	expect("not an owner", 0, Quota{}, Usage{})
	h.give(t, one, 1, "anna", Own)
	expect("an owner", 1, Quota{}, Usage{1, 1000})
	h.give(t, two, 1, "ben", Own)
	expect("somebody else's", 1, Quota{}, Usage{1, 1000})
	h.give(t, two, 1, "anna", Own)
	expect("a second", 2, Quota{}, Usage{2, 1050})
	put(t, s, state.Torrent{Hash: hash(1), Added: 1, Size: 1000, Left: 100, RateDown: 5})
	expect("bytes came", 2, Quota{}, Usage{2, 1050})
	put(t, s, state.Torrent{Hash: hash(1), Added: 1, Size: 600})
	expect("files unwanted", 3, Quota{}, Usage{2, 650})
	q := Quota{Torrents: 5, Bytes: 2000, RateDown: 7, RateUp: 8}
	if err := errors.Join(h.SetQuota(t.Context(), "anna", q), h.SetQuota(t.Context(), "anna", q)); err != nil {
		t.Fatal(err)
	}
	expect("limits", 4, q, Usage{2, 650})
	remove(t, s, hash(1))
	expect("removed", 5, q, Usage{1, 50})
	remove(t, s, hash(2))
	put(t, s, state.Torrent{Hash: hash(2), Added: 2, Size: 50})
	expect("another's", 6, q, Usage{})
	h.give(t, two, 2, "anna", Own)
	expect("hers", 7, q, Usage{1, 50})
	boxes := h.boxes
	h.boxes = nil
	expect("no box", 8, q, Usage{})
	h.boxes = boxes
	expect("the box again", 9, q, Usage{1, 50})
	stop()
	if err := h.SetQuota(t.Context(), "anna", Quota{}); err != nil {
		t.Fatal(err)
	}
	expect("no limits", 9, Quota{}, Usage{1, 50})
	want := []string{"anna quota Your quota was changed to 5 torrents, 2.0 kB, 7 B/s down, 8 B/s up.", "anna quota Your quota was changed: there is no limit."}
	if !slices.Equal(h.told, want) {
		t.Errorf("told %q", h.told)
	}
}

// So many have gone since the last look that the box does not know which.
func TestUsageAfterManyRemovals(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	put(t, s, torrent(0, 1))
	h.look(t)
	h.give(t, Key{"vps", hash(0)}, 1, "anna", Own)
	var others []state.Torrent
	for n := range 5000 {
		others = append(others, torrent(n, 1))
	}
	put(t, s, others...)
	h.look(t)
	for n := range 5000 {
		remove(t, s, hash(n))
	}
	h.look(t)
	if _, used := h.Quota("anna"); used != (Usage{}) {
		t.Errorf("%+v", used)
	}
}

func TestSetQuota(t *testing.T) {
	h := open(t)
	for _, q := range []Quota{{Torrents: -1}, {Bytes: -1}, {RateDown: -1}, {RateUp: -1}} {
		if err := h.SetQuota(t.Context(), "anna", q); !errors.Is(err, ErrBadQuota) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if err := h.SetQuota(t.Context(), "nobody", Quota{Torrents: 1}); !errors.Is(err, ErrUnknownPerson) {
		t.Error(err)
	}
	q := Quota{Torrents: 1, RateUp: 3}
	if err := h.SetQuota(t.Context(), "anna", q); err != nil {
		t.Fatal(err)
	}
	h.reopen(t)
	if got, _ := h.Quota("anna"); got != q {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{``, `[]`, `{"torrents":-1}`, `{"bytes":"1"}`} {
		if _, err := decodeQuota([]byte(bad)); err == nil {
			t.Errorf("%s is taken for a quota", bad)
		}
	}
}

func TestCheckAdd(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	put(t, s, state.Torrent{Hash: hash(1), Added: 1, Size: 600e6})
	h.look(t)
	h.give(t, Key{"vps", hash(1)}, 1, "anna", Own)
	const end = ". Remove something first, or ask an administrator for more"
	tests := []struct {
		q        Quota
		torrents int
		bytes    int64
		want     string
	}{
		{Quota{}, 1e6, 1e18, ""},
		{Quota{Torrents: 3}, 2, 1e18, ""},
		{Quota{Torrents: 3}, 3, 1, "there is room for 2 more torrents"},
		{Quota{Torrents: 2}, 2, 1, "there is room for 1 more torrent"},
		{Quota{Torrents: 1}, 1, 0, "there is room for 0 more torrents"},
		{Quota{Bytes: 1e9}, 1, 400e6, ""},
		{Quota{Bytes: 1e9}, 1, 0, ""},
		{Quota{Bytes: 1e9}, 1, 400e6 + 1, "there is room for 400 MB"},
		{Quota{Bytes: 600e6}, 1, 0, "there is room for 0 B"}, // a magnet link, of which nothing is known
		{Quota{Bytes: 1}, 1, 1, "there is room for 0 B"},
		{Quota{Torrents: 3, Bytes: 1e9}, 3, 1, "there is room for 2 more torrents and 400 MB"},
		{Quota{Torrents: 3, Bytes: 1e9}, 1, 1e9, "there is room for 2 more torrents and 400 MB"},
		{Quota{RateDown: 1, RateUp: 1}, 1e6, 1e18, ""},
	}
	for _, test := range tests {
		if err := h.SetQuota(t.Context(), "anna", test.q); err != nil {
			t.Fatal(err)
		}
		err := h.CheckAdd("anna", test.torrents, test.bytes)
		var quota *QuotaError
		if (err != nil) != (test.want != "") || err != nil && (!errors.As(err, &quota) || err.Error() != "this does not fit into your quota: "+test.want+end) {
			t.Errorf("%+v, %d, %d: %v", test.q, test.torrents, test.bytes, err)
		}
	}
}

// TestUsageIsARecount does anything to boxes and grants, and counts anew each time.
func TestUsageIsARecount(t *testing.T) {
	h := open(t)
	random := rand.New(rand.NewPCG(4, 4))
	for _, name := range []string{"a", "b"} {
		h.box(name)
	}
	users := []account.User{"anna", "ben", "eve"}
	for i := range 1500 {
		b := &h.boxes[random.IntN(len(h.boxes))]
		k := Key{b.Name, hash(random.IntN(12) % 4 << 8 * random.IntN(2))}
		now, _ := b.State.Get(k.Hash)
		switch random.IntN(12) {
		default:
			h.give(t, k, now.Added, users[random.IntN(3)], Access(random.IntN(4)))
		case 0, 1, 2:
			put(t, b.State, state.Torrent{Hash: k.Hash, Added: int64(random.IntN(3)), Size: int64(random.IntN(100))})
		case 3, 4:
			remove(t, b.State, k.Hash)
		case 5:
			if err := h.Forget(t.Context(), users[random.IntN(3)]); err != nil {
				t.Fatal(err)
			}
		case 6:
			b.State = state.New(state.Epoch(1000 + i)) // paired anew
		}
		if random.IntN(3) == 0 {
			continue // several things at once
		}
		h.look(t)
		for _, u := range users {
			var want Usage
			for _, b := range h.boxes {
				b.State.Each(func(torrent *state.Torrent) bool {
					if h.Access(u, Key{b.Name, torrent.Hash}, torrent.Added) == Own {
						want.Torrents++
						want.Bytes += torrent.Size
					}
					return true
				})
			}
			if _, got := h.Quota(u); got != want {
				t.Fatalf("step %d: %s has %+v, counted anew %+v", i, string(u), got, want)
			}
		}
	}
}

// underWriting is a People that expects to be asked while nobody can forget.
type underWriting struct {
	t *testing.T
	o *Owners
}

func (p underWriting) Exists(context.Context, account.User) (bool, error) {
	if p.o.writing.TryLock() {
		p.o.writing.Unlock()
		p.t.Error("a person could be forgotten between the question and the quota")
	}
	return true, nil
}

// Of a person who is being removed no quota is left for a namesake.
func TestQuotaOfSomebodyWhoIsBeingRemoved(t *testing.T) {
	h := open(t)
	h.people = underWriting{t, h.Owners}
	if err := h.SetQuota(t.Context(), ben.User, Quota{Torrents: 1}); err != nil {
		t.Fatal(err)
	}
}
