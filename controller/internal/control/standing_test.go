package control

import (
	"errors"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// What a person has asked for who was disabled since does not go out, neither what has
// waited nor what was given to a line that broke.
func TestDisabledPeoplesOrders(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own, "ben": owners.Own})
	b := h.connect("vps")
	h.until(t, "the line is up", func() bool { return h.look()["vps"].up })
	b.mu.Lock()
	cut := b.cut
	b.cut = nil
	b.mu.Unlock()
	cut() // and nobody knows it yet
	sent := h.do(t, anna, command.Verify, key(1))
	if sent.State != Sent {
		t.Fatal(sent.State)
	}
	b.down()
	h.raise()
	h.until(t, "the line is down", func() bool { return !h.look()["vps"].up })
	waits, bens := h.do(t, anna, command.Stop, key(1)), h.do(t, ben, command.Start, key(1))
	add, err := h.addIt(t, anna, magnet(7))
	if err != nil {
		t.Fatal(err)
	}
	h.make("anna", "")
	for _, o := range []Order{sent, waits, add} {
		if o = h.wait(t, anna, o.ID); o.State != Cancelled {
			t.Errorf("%s is %s", o.Do, o.State)
		}
	}
	if h.access("anna", 7) != owners.None {
		t.Error("what was given up is hers")
	}
	h.connect("vps")
	h.wait(t, ben, bens.ID)
	if got := b.kinds(); got != "start1" {
		t.Errorf("done: %s", got)
	}
}

// Who is no administrator any more has nothing done as one.
func TestDemotedPeoplesOrders(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"ben": owners.Own})
	h.has(t, 2, "two", map[account.User]owners.Access{"ada": owners.Own})
	var waiting []Order
	for _, r := range []Request{
		{Command: one(command.Configure), Box: "vps"},
		{Command: one(command.Add), Box: "vps", For: "ben"},
		{Command: one(command.Stop), Torrents: []owners.Key{key(1)}},
		{Command: one(command.Remove), Torrents: []owners.Key{key(1)}},
		{Command: one(command.Start), Torrents: []owners.Key{key(2)}},
	} {
		orders, err := h.Do(t.Context(), admin, r)
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, orders...)
	}
	h.make("ada", account.RoleUser)
	b := h.connect("vps")
	for i, want := range []State{Cancelled, Cancelled, Failed, Failed, Done} {
		if o := h.wait(t, admin, waiting[i].ID); o.State != want {
			t.Errorf("%s is %s, want %s", o.Do, o.State, want)
		}
	}
	if got := b.kinds(); got != "start1" || h.access("ben", 77) != owners.None {
		t.Errorf("done: %s", got)
	}
}

// A torrent that is there is its adder's, though something could not be set after.
func TestAddedInPart(t *testing.T) {
	h := open(t)
	b := h.connect("vps")
	b.spoil = func(*command.Command) *command.Fault {
		return &command.Fault{Code: command.DaemonRefused, Text: "no such label"}
	}
	h.until(t, "the line is up", func() bool { return h.look()["vps"].up })
	for n, a := range map[int]command.Addition{5: magnet(5), 0: {URL: "https://example.org/a"}} {
		o, err := h.addIt(t, anna, a)
		if err != nil {
			t.Fatal(err)
		}
		o = h.wait(t, anna, o.ID)
		if o.State != Done || o.Result.Added == nil || o.Result.Fault == nil {
			t.Fatalf("%d: %+v", n, o)
		}
		k := owners.Key{Box: "vps", Hash: o.Result.Added.Hash}
		x, _ := b.state.Get(k.Hash)
		if h.owners.Access("anna", k, x.Added) != owners.Own {
			t.Errorf("%d is not hers", n)
		}
	}
}

// What waits for somebody who was removed is not added for nobody; and what an
// administrator who was removed has added for another is the other's.
func TestAddForSomebodyRemoved(t *testing.T) {
	h := open(t)
	h.box("far")
	b := h.connect("vps")
	h.until(t, "the line is up", func() bool { return h.look()["vps"].up })
	b.stall()
	b.begun = true
	url := command.Command{Kind: command.Add, Add: &command.Addition{URL: "https://example.org/a"}}
	sent, err := h.Do(t.Context(), admin, Request{Command: url, Box: "vps", For: "ben"})
	if err != nil {
		t.Fatal(err)
	}
	h.until(t, "the box has it", func() bool { b.mu.Lock(); defer b.mu.Unlock(); _, ok := b.known[sent[0].ID]; return ok })
	waits, err := h.Do(t.Context(), socket, Request{Command: one(command.Add), Box: "far", For: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Forget(t.Context(), "ada"), h.Forget(t.Context(), "anna")); err != nil {
		t.Fatal(err)
	}
	far := h.connect("far")
	if o := h.wait(t, socket, waits[0].ID); o.State != Cancelled || far.kinds() != "" {
		t.Errorf("%s, done: %s", o.State, far.kinds())
	}
	b.release()
	h.until(t, "it is ben's", func() bool {
		k := owners.Key{Box: "vps", Hash: state.Hash{0xee, byte(len(url.Add.URL))}}
		x, ok := b.state.Get(k.Hash)
		return ok && h.owners.Access("ben", k, x.Added) == owners.Own
	})
}
