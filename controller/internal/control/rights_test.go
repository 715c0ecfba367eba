package control

import (
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

// one returns a command of each kind, with its parts.
func one(k command.Kind) command.Command {
	c := command.Command{Kind: k}
	on := true
	switch k {
	case command.Remove:
		c.Remove = &command.Removal{}
	case command.Move:
		c.Move = &command.Moving{Dir: "/data/else"}
	case command.Rename:
		c.Rename = &command.Renaming{Path: "x", Name: "y"}
	case command.Change:
		c.Change = &command.Changes{UpLimited: &on}
	case command.Configure:
		c.Settings = &command.NewSettings{DHT: &on}
	case command.Add:
		a := magnet(77)
		c.Add = &a
	}
	return c
}

// Who may do what: each kind for each access and role.
func TestRights(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own, "ben": owners.Act, "eve": owners.See})
	stranger := account.Principal{User: "ada", Role: account.RoleUser} // the name of no owner
	own := []error{nil, owners.ErrNotOwner, ErrMayOnlySee, owners.ErrUnknownTorrent, nil}
	act := []error{nil, nil, ErrMayOnlySee, owners.ErrUnknownTorrent, nil}
	all := []error{nil, nil, nil, nil, nil}
	none := []error{ErrNotAllowed, ErrNotAllowed, ErrNotAllowed, ErrNotAllowed, nil}
	table := map[command.Kind][]error{
		command.Start: act, command.StartNow: act, command.Stop: act, command.Verify: act, command.Reannounce: act,
		command.Remove: own, command.Move: own, command.Rename: own, command.Change: own,
		command.QueueTop: own, command.QueueUp: own, command.QueueDown: own, command.QueueEnd: own,
		command.Add: all, command.Configure: none, command.Blocklist: none,
	}
	for kind, want := range table {
		for i, p := range []account.Principal{anna, ben, eve, stranger, socket} {
			orders, err := h.Do(t.Context(), p, Request{Command: one(kind), Torrents: []owners.Key{key(1)}, Box: "vps"})
			if !errors.Is(err, want[i]) || (err == nil) != (len(orders) == 1) {
				t.Errorf("%s by %d: %v, want %v", kind, i, err, want[i])
			}
			for _, o := range orders { // so that none adds up
				if err := h.Cancel(t.Context(), p, o.ID); err != nil && !errors.Is(err, ErrTooLate) {
					t.Error(err)
				}
			}
		}
	}
	for kind, want := range map[command.Kind][]error{command.FreeSpace: all, command.TestPort: none} {
		for i, p := range []account.Principal{anna, ben, eve, stranger, socket} {
			_, err := h.Ask(t.Context(), p, "vps", one(kind))
			var down *command.Fault
			if want[i] == nil != errors.As(err, &down) || want[i] != nil && !errors.Is(err, want[i]) {
				t.Errorf("%s by %d: %v, want %v", kind, i, err, want[i])
			}
		}
	}
}

// Files may be chosen by whoever may act, and nothing else with them.
func TestFilesByActors(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"ben": owners.Act})
	on := true
	for _, c := range []struct {
		change command.Changes
		want   error
	}{
		{command.Changes{Want: []int32{0}, High: []int32{1}}, nil},
		{command.Changes{Skip: []int32{command.AllFiles}, Low: []int32{1}, Normal: []int32{2}}, nil},
		{command.Changes{Want: []int32{0}, Sequential: &on}, owners.ErrNotOwner},
		{command.Changes{AddTrackers: []string{"https://t.example/a"}}, owners.ErrNotOwner},
		{command.Changes{Labels: &[]string{}}, owners.ErrNotOwner},
	} {
		_, err := h.Do(t.Context(), ben, Request{Command: command.Command{Kind: command.Change, Change: &c.change}, Torrents: []owners.Key{key(1)}})
		if !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.change, err, c.want)
		}
	}
}

// What is not there and what is not theirs is refused in the same words, and then
// nothing is done to what is.
func TestUnknownAndInvisible(t *testing.T) {
	h := open(t)
	b := h.connect("vps")
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	h.has(t, 2, "two", map[account.User]owners.Access{"ben": owners.Own})
	for _, k := range []owners.Key{key(2), key(3), {Box: "nowhere", Hash: hash(1)}, {Hash: hash(1)}} {
		_, err := h.Do(t.Context(), anna, Request{Command: one(command.Stop), Torrents: []owners.Key{key(1), k}})
		if err != owners.ErrUnknownTorrent { //nolint:errorlint // the very same words
			t.Errorf("%v: %v", k, err)
		}
	}
	for _, p := range []account.Principal{anna, admin} {
		if _, err := h.Do(t.Context(), p, Request{Command: one(command.Add), Box: "nowhere"}); !errors.Is(err, ErrUnknownBox) {
			t.Errorf("added to a box that is not there: %v", err)
		}
		if _, err := h.Do(t.Context(), p, Request{Command: one(command.Stop)}); err == nil {
			t.Error("none means all")
		}
	}
	if got := b.kinds(); got != "" {
		t.Errorf("done: %s", got)
	}
}

// Until a box has told what it has nobody is told that a torrent is not there; nor does
// what they are told depend on whether it is.
func TestBeforeTheBoxIsHeard(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	h.has(t, 2, "two", map[account.User]owners.Access{"ben": owners.Own})
	before, heard := h.boxes["vps"].state, state.New(9)
	h.boxes["vps"].state = heard // as after a restart
	refused := func(p account.Principal, keys ...owners.Key) {
		t.Helper()
		for _, k := range keys {
			_, err := h.Do(t.Context(), p, Request{Command: one(command.Stop), Torrents: []owners.Key{k}})
			var fault *command.Fault
			if !errors.As(err, &fault) || fault.Code != command.DaemonAway || !strings.Contains(fault.Text, "nothing has been heard from vps") {
				t.Errorf("%s, %v: %v", string(p.User), k, err)
			}
		}
	}
	for _, p := range []account.Principal{anna, ben, admin, socket} {
		refused(p, key(1), key(2), key(3))
	}
	if _, err := h.Do(t.Context(), anna, Request{Command: one(command.Stop), Torrents: []owners.Key{{Box: "nowhere", Hash: hash(1)}}}); !errors.Is(err, owners.ErrUnknownTorrent) {
		t.Errorf("a box that is not there: %v", err)
	}
	var fault *command.Fault
	if _, err := h.addIt(t, anna, magnet(7)); !errors.As(err, &fault) || fault.Code != command.DaemonAway {
		t.Errorf("an addition: %v", err)
	}
	two, _ := before.Get(hash(2))
	_ = heard.Update(func(tx *state.Tx) error { tx.Put(&two); return nil }) // the snapshot has begun
	refused(anna, key(1), key(2), key(3))
	h.do(t, ben, command.Stop, key(2))
	heard.Touch(time.Now())
	for _, k := range []owners.Key{key(1), key(2), key(3)} {
		if _, err := h.Do(t.Context(), anna, Request{Command: one(command.Stop), Torrents: []owners.Key{k}}); !errors.Is(err, owners.ErrUnknownTorrent) {
			t.Errorf("%v: %v", k, err)
		}
	}
	if got := h.Orders(admin); len(got) != 1 {
		t.Errorf("%d orders", len(got))
	}
}

// What waits goes out when it is known whose the torrents are that the box has now: here
// another is there under the same hash.
func TestOrderBeforeTheBoxIsHeard(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	waits := h.do(t, anna, command.Stop, key(1))
	heard := state.New(9)
	h.mu.Lock()
	h.boxes["vps"].state = heard // as after a restart
	h.mu.Unlock()
	b := h.connect("vps")
	h.until(t, "it waits for the box", func() bool {
		o, err := h.Wait(ended(t), anna, waits.ID)
		return err == nil && strings.Contains(o.Why, "has just come up")
	})
	_ = heard.Update(func(tx *state.Tx) error {
		tx.Put(&state.Torrent{Hash: hash(1), Name: "other", Added: 77, Dir: "/data", Metadata: state.Whole})
		return nil
	})
	heard.Touch(time.Now())
	h.raise()
	if o := h.wait(t, anna, waits.ID); o.State != Failed || b.kinds() != "" {
		t.Errorf("it is %s, and the box did %q", o.State, b.kinds())
	}
}

// A token does what its scope says, and nobody is no administrator.
func TestScopes(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own})
	for i, c := range []struct {
		p    account.Principal
		kind command.Kind
		want error
	}{
		{account.Principal{User: "anna", Role: account.RoleUser, Scope: account.ScopeRead}, command.Stop, ErrNotAllowed},
		{account.Principal{User: "anna", Role: account.RoleUser, Scope: account.ScopeControl}, command.Stop, nil},
		{account.Principal{User: "ada", Role: account.RoleAdmin, Scope: account.ScopeControl}, command.Configure, ErrNotAllowed},
		{account.Principal{User: "ada", Role: account.RoleAdmin, Scope: account.ScopeAdmin}, command.Configure, nil},
		{account.Principal{}, command.Stop, ErrNotAllowed},
		{account.Principal{Role: account.RoleUser}, command.Stop, ErrNotAllowed},
		{account.Principal{User: "anna"}, command.Stop, ErrNotAllowed},
	} {
		_, err := h.Do(t.Context(), c.p, Request{Command: one(c.kind), Torrents: []owners.Key{key(1)}, Box: "vps"})
		if !errors.Is(err, c.want) {
			t.Errorf("%d: %v, want %v", i, err, c.want)
		}
	}
	add := Request{Command: one(command.Add), Box: "vps", For: "ben"}
	if _, err := h.Do(t.Context(), anna, add); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("for another: %v", err)
	}
	add.For = "nobody"
	if _, err := h.Do(t.Context(), socket, add); !errors.Is(err, owners.ErrUnknownPerson) {
		t.Errorf("for nobody: %v", err)
	}
	add.For = "ben"
	if _, err := h.Do(t.Context(), socket, add); err != nil || h.access("ben", 77) != owners.Own {
		t.Errorf("for ben: %v, %v", err, h.access("ben", 77))
	}
}

// What is ben's eve can neither see nor cancel, whatever she guesses.
func TestOrdersOfOthers(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"ben": owners.Own, "eve": owners.Own})
	woken := 0
	defer h.Watch("eve", func() { woken++ })()
	o := h.do(t, ben, command.Stop, key(1))
	if _, err := h.Wait(ended(t), eve, o.ID); !errors.Is(err, ErrUnknownCommand) {
		t.Errorf("wait: %v", err)
	}
	if err := h.Cancel(t.Context(), eve, o.ID); !errors.Is(err, ErrUnknownCommand) {
		t.Errorf("cancel: %v", err)
	}
	if got := h.Orders(eve); len(got) > 0 || woken > 0 {
		t.Errorf("eve is told of %d orders, %d times", len(got), woken)
	}
	if got, _ := h.Changes("eve", 0); len(got) > 0 {
		t.Error("eve's topic has ben's orders")
	}
	if len(h.Orders(ben)) != 1 || len(h.Orders(admin)) != 1 {
		t.Error("ben or the administrator does not see it")
	}
	if got, _ := h.Changes("ada", 0); len(got) > 0 {
		t.Error("an administrator's topic has others' orders")
	}
	reader := ben
	reader.Scope = account.ScopeRead
	if err := h.Cancel(t.Context(), reader, o.ID); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("cancelled with a token that may read: %v", err)
	}
	if err := h.Cancel(t.Context(), admin, o.ID); err != nil {
		t.Error(err)
	}
	if o = h.wait(t, ben, o.ID); o.State != Cancelled {
		t.Error(o.State)
	}
	if err := h.Cancel(t.Context(), ben, o.ID); !errors.Is(err, ErrTooLate) {
		t.Errorf("again: %v", err)
	}
}

func TestTooMany(t *testing.T) {
	h := open(t)
	h.has(t, 1, "one", map[account.User]owners.Access{"anna": owners.Own, "ben": owners.Own})
	for i := range maxWaiting {
		if _, err := h.Do(t.Context(), anna, Request{Command: one(command.Stop), Torrents: []owners.Key{key(1)}}); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := h.Do(t.Context(), anna, Request{Command: one(command.Stop), Torrents: []owners.Key{key(1)}}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one too many: %v", err)
	}
	h.do(t, ben, command.Stop, key(1))
	h.connect("vps")
	for _, o := range h.Orders(anna) {
		h.wait(t, anna, o.ID)
	}
	h.do(t, anna, command.Stop, key(1))
	if got := fmt.Sprint(h.desks["anna"].waiting); got != "0" && got != "1" {
		t.Errorf("%s wait", got)
	}
}
