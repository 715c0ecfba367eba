package control

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// The controller is killed between every two steps of a command's way: nothing is
// lost, and nothing is done twice.
func TestKills(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	o := h.do(t, anna, command.Stop, key(1)) // the line is down
	if o.State != Waiting || o.Why != "the line to vps is down: the rain" {
		t.Fatalf("%s: %q", o.State, o.Why)
	}
	h.restart(t)
	b := h.boxes["vps"]
	b.stall()
	h.connect("vps") // it goes out
	h.until(t, "the box has it", func() bool { b.mu.Lock(); defer b.mu.Unlock(); _, ok := b.known[o.ID]; return ok })
	h.restart(t) // while the box does it
	if got, _ := h.Wait(ended(t), anna, o.ID); got.State != Sent || !strings.Contains(got.Why, "down") {
		t.Errorf("%s: %q", got.State, got.Why)
	}
	b.release()
	h.until(t, "it is done", func() bool { return b.kinds() == "stop1" })
	h.restart(t) // before the result has come
	h.connect("vps")
	if got := h.wait(t, anna, o.ID); got.State != Done || got.Result.Done != 1 || got.Done != 1 {
		t.Errorf("%+v", got)
	}
	h.restart(t) // after it
	h.connect("vps")
	if got := h.wait(t, anna, o.ID); got.State != Done || got.Result.Done != 1 {
		t.Errorf("%+v", got)
	}
	if got := b.kinds(); got != "stop1" {
		t.Errorf("done: %s", got)
	}
}

// Many commands while the line breaks and the controller is killed again and again:
// each is done exactly once, in their order.
func TestBreaks(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	b := h.connect("vps")
	var orders []Order
	for i := range 60 {
		kind := []command.Kind{command.Stop, command.Start}[i%2]
		orders = append(orders, h.do(t, anna, kind, key(1)))
		switch {
		case i%20 == 19:
			h.restart(t)
			h.connect("vps")
		case i%5 == 4:
			b.down()
			h.connect("vps")
		}
	}
	for _, o := range orders {
		if got := h.wait(t, anna, o.ID); got.State != Done {
			t.Errorf("%s: %+v", got.State, got.Result)
		}
	}
	seen := map[command.ID]int{}
	for _, c := range b.done {
		seen[c.ID]++
	}
	for i, o := range orders {
		if seen[o.ID] != 1 {
			t.Errorf("command %d was done %d times", i, seen[o.ID])
		}
	}
}

// What is too long for one value of the store comes back whole, and parts without a
// head are removed.
func TestLongCommands(t *testing.T) {
	h := open(t)
	var keys []owners.Key
	for n := range 20_000 {
		keys = append(keys, key(n+1))
	}
	_ = h.boxes["vps"].state.Update(func(tx *state.Tx) error {
		for _, k := range keys {
			tx.Put(&state.Torrent{Hash: k.Hash, Added: 1})
		}
		return nil
	})
	many, err := h.Do(t.Context(), socket, Request{Command: one(command.Stop), Torrents: keys})
	if err != nil {
		t.Fatal(err)
	}
	long := metainfo("long", 1)
	long.Metainfo = bytes.Replace(long.Metainfo, []byte("6:pieces20:"), fmt.Appendf(nil, "6:pieces%d:%s", 20+3<<20, strings.Repeat("x", 3<<20)), 1)
	added, err := h.addIt(t, anna, long)
	if err != nil {
		t.Fatal(err)
	}
	stray := partKey(command.NewID(), nameCommand, 0)
	if _, err := h.journal.bucket.Put(t.Context(), stray, []byte("of an order that was never finished")); err != nil {
		t.Fatal(err)
	}
	h.restart(t)
	if _, err := h.journal.bucket.Get(t.Context(), stray); err == nil {
		t.Error("a part without a head stays")
	}
	b := h.connect("vps")
	h.wait(t, socket, many[0].ID)
	if o := h.wait(t, anna, added.ID); o.State != Done || o.Result.Added.Name != "long" {
		t.Errorf("%+v", o)
	}
	for _, c := range b.done {
		if c.Kind == command.Stop && len(c.Torrents) != len(keys) || c.Kind == command.Add && !bytes.Equal(c.Add.Metainfo, long.Metainfo) {
			t.Errorf("%s came with %d torrents", c.Kind, len(c.Torrents))
		}
	}
	h.until(t, "only heads are left", func() bool {
		all, err := h.journal.bucket.Keys(t.Context())
		return err == nil && len(all) == 2
	})
}

// A command waits for the line no longer than it was to.
func TestExpiry(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	short, err := h.Do(t.Context(), anna, Request{Command: one(command.Stop), Torrents: []owners.Key{key(1)}, Life: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan Order, 1)
	go func() {
		o, _ := h.Wait(t.Context(), anna, short[0].ID)
		over <- o
	}()
	h.until(t, "somebody waits", func() bool {
		h.Control.mu.Lock()
		defer h.Control.mu.Unlock()
		return h.orders[short[0].ID].waiters == 1
	})
	h.mu.Lock()
	h.clock = h.clock.Add(2 * time.Minute)
	h.mu.Unlock()
	h.raise()
	if o := <-over; o.State != Expired || o.Result.Fault.Code != command.Expired {
		t.Errorf("%+v", o)
	}
	b := h.connect("vps")
	h.wait(t, anna, h.do(t, anna, command.Start, key(1)).ID)
	if got := b.kinds(); got != "start1" {
		t.Errorf("done: %s", got)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.told) != 0 {
		t.Errorf("told %v, though somebody waits", h.told)
	}
}

// Of what nobody waits for the person is told.
func TestNoticeOfFailure(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	b := h.boxes["vps"]
	b.refuse = func(*command.Command) *command.Fault {
		return &command.Fault{Code: command.DaemonRefused, Text: "it says no"}
	}
	h.do(t, anna, command.Stop, key(1))
	h.connect("vps")
	h.until(t, "anna is told", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.told) == 1 && strings.HasPrefix(h.told[0], "anna command ") && strings.Contains(h.told[0], "it says no")
	})
}

// A box that has begun is asked; what it says counts.
func TestCancelAtTheBox(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	b := h.connect("vps")
	b.stall()
	o := h.do(t, anna, command.Stop, key(1))
	h.until(t, "the box has it", func() bool { b.mu.Lock(); defer b.mu.Unlock(); _, ok := b.known[o.ID]; return ok })
	if err := h.Cancel(t.Context(), anna, o.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.wait(t, anna, o.ID); got.State != Cancelled {
		t.Errorf("%+v", got)
	}
	b.release()
	if got := b.kinds(); got != "" {
		t.Errorf("done: %s", got)
	}
}

// A command that an earlier life of the controller has sent is not said to have
// never begun.
func TestCancelInDoubt(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	b := h.connect("vps")
	b.stall()
	o := h.do(t, anna, command.Stop, key(1))
	h.until(t, "the box has it", func() bool { b.mu.Lock(); defer b.mu.Unlock(); _, ok := b.known[o.ID]; return ok })
	h.restart(t)
	if err := h.Cancel(t.Context(), anna, o.ID); err != nil {
		t.Fatal(err)
	}
	if got := h.wait(t, anna, o.ID); got.State != Failed || got.Result.Fault.Code != command.Interrupted {
		t.Errorf("%s %+v", got.State, got.Result.Fault)
	}
}

// Ended orders are kept for an hour.
func TestOldOrders(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	h.connect("vps")
	o := h.wait(t, anna, h.do(t, anna, command.Stop, key(1)).ID)
	h.mu.Lock()
	h.clock = h.clock.Add(keepEnded + time.Second)
	h.mu.Unlock()
	h.until(t, "it is forgotten", func() bool {
		_, err := h.Wait(t.Context(), anna, o.ID)
		keys, e := h.journal.bucket.Keys(t.Context())
		return errors.Is(err, ErrUnknownCommand) && e == nil && len(keys) == 0
	})
}

// A person is removed while their commands wait and while a box does one. Nobody of
// the same name sees them, or gets what they bring.
func TestPersonRemoved(t *testing.T) {
	h := open(t)
	h.box("far")
	b := h.connect("vps")
	b.stall()
	sent, err := h.addIt(t, anna, metainfo("hers", 5))
	if err != nil {
		t.Fatal(err)
	}
	h.until(t, "the box has it", func() bool { b.mu.Lock(); defer b.mu.Unlock(); _, ok := b.known[sent.ID]; return ok })
	waits, err := h.Do(t.Context(), anna, Request{Command: one(command.Add), Box: "far"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Forget(t.Context(), "anna"), h.owners.Forget(t.Context(), "anna")); err != nil {
		t.Fatal(err)
	}
	if got := h.Orders(anna); len(got) > 0 {
		t.Errorf("the next anna sees %d commands", len(got))
	}
	h.restart(t)
	b.release()
	h.connect("vps")
	far := h.connect("far")
	h.until(t, "nothing waits", func() bool {
		h.Control.mu.Lock()
		defer h.Control.mu.Unlock()
		return len(h.unendedLocked("")) == 0
	})
	if got := h.owners.Torrents("anna"); len(got) > 0 || len(h.Orders(anna)) > 0 {
		t.Errorf("the next anna has %v", got)
	}
	if got := far.kinds(); got != "" {
		t.Errorf("%s was done of %s", got, waits[0].ID)
	}
}
