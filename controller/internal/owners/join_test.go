package owners

import (
	"testing"

	"offing/controller/internal/account"
	"offing/tunnel/state"
)

// grant compares what u has of the torrent that the box has now.
func (h *house) grant(t *testing.T, k Key, added int64, want Grant) {
	t.Helper()
	if got := GrantOf(h.Grants(k, added), want.User); got != want {
		t.Errorf("%s has %v, joined %v; want %v, %v", string(want.User), got.Access, got.Joined, want.Access, want.Joined)
	}
}

// Two who add the same torrent at the same time both own it, whoever's command was
// first and whatever home hears when.
func TestTwoAddTheSame(t *testing.T) {
	h := open(t)
	s, k := h.box("vps"), Key{"vps", hash(1)}
	h.look(t)
	for _, u := range []account.User{"anna", "ben"} {
		if before, err := h.Claim(t.Context(), k, u); before != None || err != nil {
			t.Fatal(before, err)
		}
		h.grant(t, k, 0, Grant{u, Own, true})
	}
	put(t, s, torrent(1, 100))
	h.look(t)
	if err := h.Land(t.Context(), k, "anna", 0, false); err != nil {
		t.Fatal(err)
	}
	if err := h.Land(t.Context(), k, "ben", 0, true); err != nil {
		t.Fatal(err)
	}
	h.reopen(t)
	h.grant(t, k, 100, Grant{"anna", Own, false})
	h.grant(t, k, 100, Grant{"ben", Own, true})
}

// Home has just started and does not know what the box has. Whoever claims a
// torrent does not take it from its owner.
func TestClaimTakesNothing(t *testing.T) {
	h := open(t)
	k := Key{"vps", hash(1)}
	h.give(t, k, 100, "anna", Own)
	h.reopen(t)
	if _, err := h.Claim(t.Context(), k, "ben"); err != nil {
		t.Fatal(err)
	}
	if err := h.Land(t.Context(), k, "ben", 0, true); err != nil {
		t.Fatal(err)
	}
	put(t, h.box("vps"), torrent(1, 100))
	h.look(t)
	h.grant(t, k, 100, Grant{"anna", Own, false})
	h.grant(t, k, 100, Grant{"ben", Own, true})
}

// Anna's torrent is removed and ben adds another of the same hash, of which home
// hears in any order: anna has nothing of it.
func TestLandAfterRemoval(t *testing.T) {
	for name, steps := range map[string][]string{
		"mirror first":    {"mirror", "look", "land"},
		"result first":    {"land", "mirror", "look"},
		"all but a look":  {"mirror", "land", "look"},
		"two looks":       {"removed", "look", "land", "mirror", "look"},
		"result between":  {"removed", "land", "look", "mirror", "look"},
		"repeated result": {"land", "mirror", "look", "land"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			s, k := h.box("vps"), Key{"vps", hash(1)}
			put(t, s, torrent(1, 100))
			h.give(t, k, 100, "anna", Own)
			h.look(t)
			if _, err := h.Claim(t.Context(), k, "ben"); err != nil {
				t.Fatal(err)
			}
			for _, step := range steps {
				switch step {
				case "removed":
					remove(t, s, hash(1))
				case "mirror":
					change(t, s, func(tx *state.Tx) { n := torrent(1, 200); tx.Remove(hash(1)); tx.Put(&n) })
				case "look":
					h.look(t)
				case "land":
					if err := h.Land(t.Context(), k, "ben", 100, false); err != nil {
						t.Fatal(err)
					}
				}
			}
			// What home does with what has landed once the torrent is in sight.
			if err := h.Land(t.Context(), k, "ben", 100, false); err != nil {
				t.Fatal(err)
			}
			h.grant(t, k, 200, Grant{"ben", Own, false})
			h.grant(t, k, 200, Grant{User: "anna"})
		})
	}
}

// Records that were written before people could join are read as they were meant.
func TestRecordsWithoutJoined(t *testing.T) {
	ts, err := decodeTorrents(shardName{"vps", 1}, []byte(`{"0100000000000000000000000000000000000001":{"added":1,"grants":{"anna":"own"}}}`), map[string]account.User{})
	if err != nil || !GrantOf(ts[hash(1)].grants, "anna").Secrets() {
		t.Errorf("%v, %v", ts, err)
	}
}

// What was given of a torrent that is gone ends with the landing of the next: its owner
// keeps it once it is in sight, whoever had the one before.
func TestLandingEndsWhatWasBefore(t *testing.T) {
	h := open(t)
	s, k := h.box("vps"), Key{"vps", hash(1)}
	put(t, s, torrent(1, 100))
	h.give(t, k, 100, "anna", Own)
	h.look(t)
	remove(t, s, hash(1))
	h.look(t)
	if err := h.Land(t.Context(), k, "ben", 100, false); err != nil {
		t.Fatal(err)
	}
	for _, added := range []int64{0, 200} {
		h.grant(t, k, added, Grant{User: "anna"})
		h.grant(t, k, added, Grant{"ben", Own, false})
	}
	put(t, s, torrent(1, 200))
	h.look(t)
	h.grant(t, k, 200, Grant{User: "anna"})
	h.grant(t, k, 200, Grant{"ben", Own, false})
}
