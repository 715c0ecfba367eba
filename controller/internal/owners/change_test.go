package owners

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"offing/controller/internal/account"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// TestPolicy: who may change what, with the torrents
//
//	1  anna owns it, ben may see it
//	2  anna and ben own it
//	3  eve owns it
//	4  nobody has it
//	5  is not there
//	6  was anna's, and is not there any more
//	7  was anna's, and in its place is another
//	8  anna may act on it
func TestPolicy(t *testing.T) {
	tests := []struct {
		who      account.Principal
		torrents []int
		user     account.User
		access   Access
		want     error
	}{
		{admin, []int{1}, "eve", See, nil},
		{admin, []int{1}, "ben", Own, nil},
		{admin, []int{1}, "anna", None, nil},
		{admin, []int{4}, "anna", Own, nil},
		{admin, []int{5}, "anna", Own, nil}, // before it is there
		{admin, []int{1, 2, 3, 4, 5, 6, 7}, "anna", See, nil},
		{admin, []int{1}, "nobody", See, ErrUnknownPerson},
		{admin, []int{1}, "nobody", None, nil},
		{account.Principal{Role: account.RoleAdmin}, []int{1}, "eve", Own, nil}, // the socket

		{anna, []int{1}, "eve", See, nil},
		{anna, []int{1}, "eve", Act, nil},
		{anna, []int{1}, "ben", Act, nil},
		{anna, []int{1}, "ben", None, nil},
		{anna, []int{1, 2}, "eve", See, nil},
		{anna, []int{1}, "eve", Own, ErrOwnership},
		{anna, []int{2}, "ben", None, ErrOwnership}, // an owner as she is
		{anna, []int{2}, "ben", See, ErrOwnership},
		{anna, []int{1}, "anna", None, ErrOwnership},
		{anna, []int{1}, "nobody", See, ErrUnknownPerson},
		{anna, []int{8}, "eve", See, ErrNotOwner},
		{anna, []int{8}, "anna", None, ErrNotOwner},
		{ben, []int{1}, "eve", See, ErrNotOwner},
		{ben, []int{1}, "ben", Act, ErrNotOwner},

		// What she may not see is refused as what is not there, and nothing is done.
		{anna, []int{3}, "ben", See, ErrUnknownTorrent},
		{anna, []int{4}, "ben", See, ErrUnknownTorrent},
		{anna, []int{5}, "ben", See, ErrUnknownTorrent},
		{anna, []int{6}, "ben", See, ErrUnknownTorrent},
		{anna, []int{7}, "ben", See, ErrUnknownTorrent},
		{anna, []int{3}, "nobody", See, ErrUnknownTorrent},
		{anna, []int{3}, "eve", None, ErrUnknownTorrent},
		{anna, []int{3}, "anna", Own, ErrOwnership},
		{anna, []int{5}, "anna", Own, ErrOwnership},
		{anna, []int{1, 3}, "ben", Act, ErrUnknownTorrent},
		{eve, []int{1}, "eve", See, ErrUnknownTorrent},
		{account.Principal{}, []int{1}, "eve", See, ErrUnknownTorrent},
		{account.Principal{User: "anna", Role: "else"}, []int{3}, "anna", See, ErrUnknownTorrent},
	}
	h := open(t)
	s := h.box("vps")
	s.Touch(h.clock)
	for _, test := range tests {
		h.furnish(t, s)
		var keys []Key
		for _, n := range test.torrents {
			keys = append(keys, Key{"vps", hash(n)})
		}
		before := h.all(keys)
		changed, err := h.Change(t.Context(), test.who, keys, test.user, test.access)
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s gives %v of %v to %s: %v, want %v", string(test.who.User), test.access, test.torrents, string(test.user), err, test.want)
		}
		if err != nil && (changed != 0 || h.all(keys) != before) {
			t.Errorf("%s gives %v of %v to %s: it is refused, and done", string(test.who.User), test.access, test.torrents, string(test.user))
		}
		if err == nil {
			for _, k := range keys {
				now, _ := s.Get(k.Hash)
				h.expect(t, test.user, k, now.Added, test.access)
			}
		}
	}
}

// furnish makes what TestPolicy begins with.
func (h *house) furnish(t *testing.T, s *state.State) {
	t.Helper()
	for _, u := range []account.User{"anna", "ben", "eve"} {
		if err := h.Forget(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{1, 2, 3, 4, 8} {
		put(t, s, torrent(n, 100))
	}
	put(t, s, torrent(7, 200))
	h.look(t)
	for _, g := range []struct {
		n int
		u account.User
		a Access
	}{{1, "anna", Own}, {1, "ben", See}, {2, "anna", Own}, {2, "ben", Own}, {3, "eve", Own}, {6, "anna", Own}, {7, "anna", Own}, {8, "anna", Act}} {
		h.give(t, Key{"vps", hash(g.n)}, 100, g.u, g.a)
	}
}

// all says all that is kept of keys.
func (h *house) all(keys []Key) string {
	var b strings.Builder
	for _, k := range keys {
		for _, g := range h.Grants(k, 0) {
			b.WriteString(string(g.User) + g.Access.String() + " ")
		}
		b.WriteString(";")
	}
	return b.String()
}

func TestChangeOfUnknownBox(t *testing.T) {
	h := open(t)
	k := Key{"nowhere", hash(1)}
	if _, err := h.Change(t.Context(), admin, []Key{k}, "anna", See); !errors.Is(err, ErrUnknownTorrent) {
		t.Errorf("give: %v", err)
	}
	h.give(t, k, 1, "anna", Own) // from before its box was taken away
	if n, err := h.Change(t.Context(), admin, []Key{k}, "anna", None); n != 1 || err != nil {
		t.Errorf("take: %d, %v", n, err)
	}
}

// Until a box has told what it has an owner is told so, and a stranger the same.
func TestBeforeTheBoxIsHeard(t *testing.T) {
	h := open(t)
	h.box("vps")
	h.look(t)
	k := Key{"vps", hash(1)}
	h.give(t, k, 1, "anna", Own)
	for _, who := range []account.Principal{anna, eve} {
		_, change := h.Change(t.Context(), who, []Key{k}, "ben", See)
		_, shared := h.Shared(who, k)
		for _, err := range []error{change, shared} {
			if fault := (*command.Fault)(nil); !errors.As(err, &fault) || fault.Code != command.DaemonAway {
				t.Errorf("%s: %v", string(who.User), err)
			}
		}
	}
	if n, err := h.Change(t.Context(), admin, []Key{k}, "ben", See); n != 1 || err != nil {
		t.Errorf("an administrator: %d, %v", n, err)
	}
}

func TestChangeIsBounded(t *testing.T) {
	h := open(t)
	h.box("vps")
	h.look(t)
	var keys []Key
	for n := range MaxTorrents {
		keys = append(keys, Key{"vps", hash(n)})
	}
	if n, err := h.Change(t.Context(), admin, append(keys, Key{"vps", hash(MaxTorrents)}), "anna", See); n != 0 || !errors.Is(err, ErrTooMany) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := h.Change(t.Context(), admin, keys, "anna", See); n != MaxTorrents || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := h.Change(t.Context(), admin, append(keys[:10:10], keys[:10]...), "anna", Act); n != 10 || err != nil {
		t.Errorf("each named twice: %d, %v", n, err)
	}
}

// An administrator who shares while a box is away takes nothing from its owners.
func TestChangeWhileTheBoxIsAway(t *testing.T) {
	h := open(t)
	h.box("vps")
	h.look(t)
	k := Key{"vps", hash(1)}
	h.give(t, k, 100, "anna", Own)
	if _, err := h.Change(t.Context(), admin, []Key{k}, "ben", See); err != nil {
		t.Fatal(err)
	}
	put(t, h.boxes[0].State, torrent(1, 100))
	h.look(t)
	h.expect(t, "anna", k, 100, Own)
	h.expect(t, "ben", k, 100, See)
}

func TestSharesAreTold(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	long := strings.Repeat("ä", 300)
	put(t, s, state.Torrent{Hash: hash(1), Name: "Debian", Added: 1}, state.Torrent{Hash: hash(2), Name: "Arch", Added: 1},
		state.Torrent{Hash: hash(3), Name: long, Added: 1})
	h.look(t)
	do := func(who account.Principal, u account.User, a Access, torrents ...int) {
		t.Helper()
		var keys []Key
		for _, n := range torrents {
			keys = append(keys, Key{"vps", hash(n)})
		}
		if _, err := h.Change(t.Context(), who, keys, u, a); err != nil {
			t.Fatal(err)
		}
	}
	do(admin, "anna", Own, 1, 2, 3)
	do(admin, "anna", Own, 1) // which is nothing new
	do(anna, "ben", See, 1)
	do(anna, "ben", See, 1, 2, 1)
	do(anna, "ben", Act, 1)
	do(anna, "ben", None, 1, 2)
	do(anna, "ben", See, 3)
	do(admin, "ada", Own, 1) // to herself
	do(admin, "ben", Own, 9)
	want := []string{
		"anna share “Debian” and 2 more were given to you: they count against your quota.",
		"ben share “Debian” was shared with you: you can see what it does.",
		"ben share “Arch” was shared with you: you can see what it does.",
		"ben share “Debian” was shared with you: you can start and stop it.",
		"ben share “Debian” and 1 more were taken from you, or no longer shared.",
		"ben share “" + strings.Repeat("ä", 100) + "…” was shared with you: you can see what it does.",
		"ben share A torrent was given to you: it counts against your quota.",
	}
	if !slices.Equal(h.told, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(h.told, "\n"), strings.Join(want, "\n"))
	}
}

// Who was removed leaves nothing to who gets the name next.
func TestForget(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	put(t, s, torrent(1, 1), torrent(2, 1))
	h.look(t)
	one, two := Key{"vps", hash(1)}, Key{"vps", hash(2)}
	h.give(t, one, 1, "eve", Own)
	h.give(t, one, 1, "anna", See)
	h.give(t, two, 1, "eve", Act)
	rules := []Rule{{Label: "tv", User: "eve", Access: Own}, {Label: "tv", User: "anna", Access: See}}
	if err := errors.Join(h.SetRules(t.Context(), rules), h.SetQuota(t.Context(), "eve", Quota{Torrents: 5})); err != nil {
		t.Fatal(err)
	}
	if err := h.Forget(t.Context(), "eve"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if q, used := h.Quota("eve"); q != (Quota{}) || used != (Usage{}) || len(h.Torrents("eve")) != 0 || !slices.Equal(h.Rules(), rules[1:]) {
			t.Errorf("left: %+v, %+v, %v, %v", q, used, h.Torrents("eve"), h.Rules())
		}
		h.expect(t, "eve", one, 1, None)
		h.expect(t, "anna", one, 1, See)
		if len(h.index.users["eve"]) != 0 {
			t.Error("she is looked for where she has nothing")
		}
		h.reopen(t)
	}
}
