package control

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

func TestAdd(t *testing.T) {
	h := open(t)
	b := h.connect("vps")
	a := metainfo("film", 7)
	know, err := parseMetainfo(a.Metainfo)
	if err != nil {
		t.Fatal(err)
	}
	o, err := h.addIt(t, anna, a)
	if err != nil {
		t.Fatal(err)
	}
	o = h.wait(t, anna, o.ID)
	if o.State != Done || *o.Result.Added != (command.Added{Hash: know.hash, Name: "film"}) {
		t.Errorf("%s %+v", o.State, o.Result.Added)
	}
	k := owners.Key{Box: "vps", Hash: know.hash}
	if g, ok := h.owners.Grant("anna", k); !ok || !g.Secrets() {
		t.Errorf("anna has %+v", g)
	}
	again, err := h.addIt(t, anna, a)
	if err != nil || again.State != Done || !again.Result.Added.Duplicate {
		t.Errorf("again: %+v, %v", again, err)
	}
	// Ben does not learn that anna has it, and anna's tracker's secret is not told him.
	bens, err := h.addIt(t, ben, a)
	if err != nil || bens.State != Done || *bens.Result.Added != *o.Result.Added {
		t.Errorf("ben's: %+v, %v", bens, err)
	}
	if g, _ := h.owners.Grant("ben", k); g.Access != owners.Own || g.Secrets() {
		t.Errorf("ben has %+v", g)
	}
	if got := b.kinds(); got != "add0" {
		t.Errorf("done: %s", got)
	}
}

// Two add the same torrent at the same time: both own it, whether it is a magnet, a
// file, or an address.
func TestAddAdd(t *testing.T) {
	for name, a := range map[string]command.Addition{
		"magnet": magnet(5), "file": metainfo("same", 1), "url": {URL: "https://example.org/a.torrent"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			b := h.connect("vps")
			b.stall()
			var ids [2]Order
			people := [2]account.Principal{anna, ben}
			var wg sync.WaitGroup
			for i, p := range people {
				wg.Go(func() { ids[i], _ = h.addIt(t, p, a) })
			}
			wg.Wait()
			b.release()
			secrets := 0
			for i, p := range people {
				o := h.wait(t, p, ids[i].ID)
				if o.State != Done || o.Result.Added.Duplicate {
					t.Errorf("%s: %s %+v", string(p.User), o.State, o.Result)
					continue
				}
				k := owners.Key{Box: "vps", Hash: o.Result.Added.Hash}
				h.until(t, "it is theirs", func() bool {
					g, ok := h.owners.Grant(p.User, k)
					return ok && g.Access == owners.Own && h.owners.Counted(p.User, k)
				})
				if g, _ := h.owners.Grant(p.User, k); g.Secrets() {
					secrets++
				}
			}
			if secrets != 1 {
				t.Errorf("%d are told the tracker's secret", secrets)
			}
		})
	}
}

// What could not be added is nobody's.
func TestAddFails(t *testing.T) {
	h := open(t)
	b := h.connect("vps")
	b.refuse = func(*command.Command) *command.Fault { return &command.Fault{Code: command.DiskFull, Text: "full"} }
	o, err := h.addIt(t, anna, magnet(5))
	if err != nil || h.access("anna", 5) != owners.Own {
		t.Fatalf("%v, %v while it is on its way", err, h.access("anna", 5))
	}
	if o = h.wait(t, anna, o.ID); o.State != Failed || h.access("anna", 5) != owners.None {
		t.Errorf("%s, anna has %v", o.State, h.access("anna", 5))
	}
	b.down()
	h.raise()
	h.until(t, "the line is down", func() bool { return !h.look()["vps"].up })
	o, err = h.addIt(t, anna, magnet(6))
	if err != nil || h.Cancel(t.Context(), anna, o.ID) != nil {
		t.Fatal(err)
	}
	if h.access("anna", 6) != owners.None {
		t.Error("what was cancelled is hers")
	}
}

func TestAddKeepsQuota(t *testing.T) {
	h := open(t)
	if err := h.owners.SetQuota(t.Context(), "anna", owners.Quota{Torrents: 3, Bytes: 100}); err != nil {
		t.Fatal(err)
	}
	var quota *owners.QuotaError
	if _, err := h.addIt(t, anna, metainfo("large", 101)); !errors.As(err, &quota) || quota.Bytes != 100 {
		t.Errorf("too large: %v", err)
	}
	if _, err := h.addIt(t, anna, metainfo("most", 60)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.addIt(t, anna, metainfo("rest", 41)); !errors.As(err, &quota) {
		t.Errorf("more than fits with what waits: %v", err)
	}
	// Many at once, of which one more fits than there may be.
	var wg sync.WaitGroup
	var mu sync.Mutex
	fit := 0
	for n := range 8 {
		wg.Go(func() {
			if _, err := h.addIt(t, anna, magnet(10+n)); err == nil {
				mu.Lock()
				fit++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if fit != 2 {
		t.Errorf("%d of 8 fit where 2 should", fit)
	}
	// Before it is seen what has been added counts still.
	h.connect("vps")
	for _, o := range h.Orders(anna) {
		h.wait(t, anna, o.ID)
		if _, err := h.addIt(t, anna, magnet(20)); !errors.As(err, &quota) {
			t.Errorf("one too many: %v", err)
		}
	}
	h.has(t, 30, "shared", map[account.User]owners.Access{"ben": owners.Own})
	if _, err := h.addIt(t, anna, magnet(30)); !errors.As(err, &quota) {
		t.Errorf("as a co-owner: %v", err)
	}
}

// Nobody can bring content to where there is somebody else's.
func TestNamesAreTaken(t *testing.T) {
	h := open(t)
	_ = h.boxes["vps"].state.Update(func(tx *state.Tx) error {
		tx.SetSettings(state.Settings{DownloadDir: "/data"})
		return nil
	})
	h.has(t, 1, "bens", map[account.User]owners.Access{"ben": owners.Own, "anna": owners.See})
	h.has(t, 2, "annas", map[account.User]owners.Access{"anna": owners.Own})
	add := func(name, dir string) error {
		a := metainfo(name, 1)
		a.Dir = dir
		o, err := h.addIt(t, anna, a)
		if err == nil {
			err = h.Cancel(t.Context(), anna, o.ID)
		}
		return err
	}
	for _, c := range []struct{ name, dir string }{
		{"bens", ""}, {"bens", "/data"}, {"bens", "/data/"}, {"bens", "/data/x/.."}, {"BENS", ""}, {"bens.part", ""}, {" bens. ", ""},
		{"x", "/data/bens"}, {"x", "bens"}, {"x", "bens/y"}, {"data", "/"}, {"bens", "data"},
	} {
		if err := add(c.name, c.dir); !errors.Is(err, ErrNameTaken) && !isFault(err) {
			t.Errorf("%q in %q: %v", c.name, c.dir, err)
		}
	}
	for _, c := range []struct{ name, dir string }{{"bens", "/data/else"}, {"bens2", ""}, {"annas", ""}, {"x", "/data/annas"}} {
		if err := add(c.name, c.dir); err != nil {
			t.Errorf("%q in %q: %v", c.name, c.dir, err)
		}
	}
	for _, r := range []command.Command{
		{Kind: command.Rename, Rename: &command.Renaming{Path: "annas", Name: "bens"}},
		{Kind: command.Move, Move: &command.Moving{Dir: "/data/bens", Find: true}},
	} {
		if _, err := h.Do(t.Context(), anna, Request{Command: r, Torrents: []owners.Key{key(2)}}); !errors.Is(err, ErrNameTaken) {
			t.Errorf("%s: %v", r.Kind, err)
		}
	}
	inner := command.Command{Kind: command.Rename, Rename: &command.Renaming{Path: "annas/x", Name: "bens"}}
	if _, err := h.Do(t.Context(), anna, Request{Command: inner, Torrents: []owners.Key{key(2)}}); err != nil {
		t.Errorf("within it: %v", err)
	}
	// What others are about to add is theirs too.
	if _, err := h.addIt(t, ben, metainfo("soon", 2)); err != nil {
		t.Fatal(err)
	}
	if err := add("soon", ""); !errors.Is(err, ErrNameTaken) {
		t.Errorf("soon: %v", err)
	}
}

func isFault(err error) bool {
	var f *command.Fault
	return errors.As(err, &f) && f.Code == command.BadPath // ".." is refused before
}

// A torrent that has got the place of another's content, as a magnet can, does not
// take it along.
func TestDataOfOthersStays(t *testing.T) {
	h := open(t)
	b := h.connect("vps")
	h.has(t, 1, "same", map[account.User]owners.Access{"ben": owners.Own})
	h.has(t, 2, "same", map[account.User]owners.Access{"eve": owners.Own})
	_, err := h.Do(t.Context(), eve, Request{Command: command.Command{Kind: command.Remove, Remove: &command.Removal{Data: true}}, Torrents: []owners.Key{key(2)}})
	if !errors.Is(err, ErrNameTaken) {
		t.Fatalf("with data: %v", err)
	}
	orders, err := h.Do(t.Context(), eve, Request{Command: one(command.Remove), Torrents: []owners.Key{key(2)}})
	if err != nil {
		t.Fatal(err)
	}
	h.wait(t, eve, orders[0].ID)
	if got := b.kinds(); got != "remove1" {
		t.Error(got)
	}
}

// Of two owners who remove a torrent, at the same time or not, the last takes it
// along, once.
func TestOwnersRemove(t *testing.T) {
	for range 5 {
		h := open(t)
		b := h.connect("vps")
		h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own, "ben": owners.Own, "eve": owners.See})
		h.has(t, 2, "two", map[account.User]owners.Access{"anna": owners.Own})
		people := [2]account.Principal{anna, ben}
		var ids [2]Order
		var wg sync.WaitGroup
		for i, p := range people {
			wg.Go(func() { ids[i] = h.do(t, p, command.Remove, key(1)) })
		}
		wg.Wait()
		for i, p := range people {
			o := h.wait(t, p, ids[i].ID)
			if o.State != Done || o.Of != 1 || o.Done != 1 || o.Result.Done != 1 {
				t.Errorf("%+v", o)
			}
		}
		if got := b.kinds(); got != "remove1" {
			t.Errorf("done: %s", got)
		}
		for _, u := range []account.User{"anna", "ben"} {
			if h.access(u, 1) != owners.None {
				t.Errorf("%s has it still", string(u))
			}
		}
		if h.access("anna", 2) != owners.Own {
			t.Error("another went too")
		}
	}
}

// Some of what is removed is others' too: the answer looks the same.
func TestRemoveMixed(t *testing.T) {
	h := open(t)
	b := h.connect("vps")
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own, "ben": owners.Own})
	h.has(t, 2, "two", map[account.User]owners.Access{"anna": owners.Own})
	o := h.do(t, anna, command.Remove, key(1), key(2))
	if o = h.wait(t, anna, o.ID); o.State != Done || o.Of != 2 || o.Result.Done != 2 || len(o.Torrents) != 2 {
		t.Errorf("%+v", o)
	}
	if got := b.kinds(); got != "remove1" || h.access("ben", 1) != owners.Own || h.access("anna", 1) != owners.None {
		t.Errorf("done: %s, ben has %v, anna %v", got, h.access("ben", 1), h.access("anna", 1))
	}
}

// While anna's removal waits ben adds the torrent: it is his, with its data.
func TestAddWhileRemovalWaits(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	removal := h.do(t, anna, command.Remove, key(1))
	add, err := h.addIt(t, ben, magnet(1))
	if err != nil {
		t.Fatal(err)
	}
	b := h.connect("vps")
	if o := h.wait(t, anna, removal.ID); o.State != Done || h.access("anna", 1) != owners.None {
		t.Errorf("%+v, anna has %v", o, h.access("anna", 1))
	}
	if o := h.wait(t, ben, add.ID); o.State != Done || o.Result.Added.Duplicate || h.access("ben", 1) != owners.Own {
		t.Errorf("%+v, ben has %v", o, h.access("ben", 1))
	}
	if got := b.kinds(); got != "add0" {
		t.Errorf("done: %s", got)
	}
}

// The box has begun with anna's removal when ben adds the torrent: he gets it anew,
// and anna has nothing of it.
func TestAddAfterRemovalWasSent(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	b := h.connect("vps")
	b.stall()
	removal := h.do(t, anna, command.Remove, key(1))
	h.until(t, "the box has it", func() bool { b.mu.Lock(); defer b.mu.Unlock(); _, ok := b.known[removal.ID]; return ok })
	b.mu.Lock()
	hold := b.hold
	b.mu.Unlock()
	add, err := h.addIt(t, ben, magnet(1))
	if err != nil {
		t.Fatal(err)
	}
	_ = hold
	b.mu.Lock() // the removal first, as a box does
	c := &command.Command{}
	for _, o := range []Order{removal} {
		*c = command.Command{ID: o.ID, Kind: command.Remove, Torrents: o.Torrents}
	}
	b.mu.Unlock()
	b.execute(c)
	b.release()
	h.wait(t, anna, removal.ID)
	h.wait(t, ben, add.ID)
	h.until(t, "it is ben's", func() bool { return h.access("ben", 1) == owners.Own && h.access("anna", 1) == owners.None })
}

// An administrator removes for all, and the owners are told.
func TestAdministratorRemoves(t *testing.T) {
	h := open(t)
	b := h.connect("vps")
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own, "ben": owners.Own})
	h.wait(t, admin, h.do(t, admin, command.Remove, key(1)).ID)
	if got := b.kinds(); got != "remove1" {
		t.Errorf("done: %s", got)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.told) != 2 || !strings.Contains(strings.Join(h.told, "\n"), "An administrator removed 1 torrent of yours from vps") {
		t.Errorf("told: %v", h.told)
	}
	if len(h.audited) != 1 || h.audited[0] != "ada torrent.remove 1 torrent of others on vps" {
		t.Errorf("audited: %v", h.audited)
	}
}

// A share is taken while a command waits: it is not done any more.
func TestRightsWhileWaiting(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own, "ben": owners.Act})
	h.has(t, 2, "two", map[account.User]owners.Access{"ben": owners.Own})
	o := h.do(t, ben, command.Stop, key(1), key(2))
	only := h.do(t, ben, command.Stop, key(1))
	if _, err := h.owners.Set(t.Context(), map[owners.Key]int64{key(1): 1}, "ben", owners.None); err != nil {
		t.Fatal(err)
	}
	b := h.connect("vps")
	if o = h.wait(t, ben, o.ID); o.State != Done || o.Result.Done != 1 || o.Result.Failed != 1 {
		t.Errorf("%+v", o)
	}
	if o = h.wait(t, ben, only.ID); o.State != Failed || o.Result.Fault.Code != command.UnknownTorrent {
		t.Errorf("%+v", o)
	}
	if got := b.kinds(); got != "stop1" {
		t.Errorf("done: %s", got)
	}
}

func TestAsk(t *testing.T) {
	h := open(t)
	q := command.Command{Kind: command.FreeSpace}
	var f *command.Fault
	if _, err := h.Ask(t.Context(), anna, "vps", q); !errors.As(err, &f) || !strings.Contains(f.Text, "the rain") {
		t.Errorf("while the line is down: %v", err)
	}
	h.connect("vps")
	if r, err := h.Ask(t.Context(), anna, "vps", q); err != nil || r.Space.Free != 7 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := h.Ask(t.Context(), anna, "nowhere", q); !errors.Is(err, ErrUnknownBox) {
		t.Error(err)
	}
	if _, err := h.Ask(context.Background(), anna, "vps", one(command.Add)); err == nil {
		t.Error("an addition passes for a question")
	}
	if _, err := h.Do(t.Context(), anna, Request{Command: q, Box: "vps"}); err == nil {
		t.Error("a question passes for a command")
	}
}
