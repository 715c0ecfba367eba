package owners

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"offing/tunnel/state"
)

func TestRuleFits(t *testing.T) {
	s := sight{name: "Some/Show.S01.mkv", labels: []string{"TV", "new"}}
	tests := []struct {
		rule Rule
		want bool
	}{
		{Rule{}, true},
		{Rule{Box: "vps"}, true},
		{Rule{Box: "VPS"}, false},
		{Rule{Label: "tv"}, true},
		{Rule{Label: "NEW"}, true},
		{Rule{Label: "t"}, false},
		{Rule{Label: "tv "}, false},
		{Rule{Name: "*"}, true},
		{Rule{Name: "some/show*"}, true},
		{Rule{Name: "*.MKV"}, true},
		{Rule{Name: "show*"}, false},
		{Rule{Name: "*s[0-9][0-9]*"}, true},
		{Rule{Name: "some?show.s01.mkv"}, true},
		{Rule{Name: "*[/]show*"}, true},
		{Rule{Box: "vps", Label: "tv", Name: "some*"}, true},
		{Rule{Box: "vps", Label: "tv", Name: "other*"}, false},
		{Rule{Box: "other", Label: "tv", Name: "some*"}, false},
		{Rule{Box: "vps", Label: "film", Name: "some*"}, false},
	}
	for _, test := range tests {
		if got := test.rule.fits("vps", &s); got != test.want {
			t.Errorf("%+v: %v", test.rule, got)
		}
	}
}

func TestBadRules(t *testing.T) {
	h := open(t)
	good := []Rule{{Label: "tv", User: "anna", Access: Own}}
	if err := h.SetRules(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rule Rule
		want error
	}{
		{Rule{User: "anna", Access: None}, ErrBadRules},
		{Rule{User: "anna", Access: 4}, ErrBadRules},
		{Rule{Access: Own}, ErrBadRules},
		{Rule{Name: "[", User: "anna", Access: Own}, ErrBadRules},
		{Rule{Name: "a*[b-", User: "anna", Access: Own}, ErrBadRules},
		{Rule{Name: `\`, User: "anna", Access: Own}, ErrBadRules},
		{Rule{Name: "\xff", User: "anna", Access: Own}, ErrBadRules},
		{Rule{Name: strings.Repeat("*", maxPattern+1), User: "anna", Access: Own}, ErrBadRules},
		{Rule{Label: strings.Repeat("x", state.MaxLabel+1), User: "anna", Access: Own}, ErrBadRules},
		{Rule{Box: strings.Repeat("x", maxBoxName+1), User: "anna", Access: Own}, ErrBadRules},
		{Rule{User: "nobody", Access: Own}, ErrUnknownPerson},
	} {
		err := h.SetRules(t.Context(), []Rule{good[0], test.rule})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), "rule 2") {
			t.Errorf("%.60q: %v", test.rule.Name, err)
		}
	}
	if err := h.SetRules(t.Context(), slices.Repeat(good, maxRules+1)); !errors.Is(err, ErrBadRules) {
		t.Errorf("too many: %v", err)
	}
	h.reopen(t)
	if !slices.Equal(h.Rules(), good) {
		t.Errorf("now there are %v", h.Rules())
	}
}

// TestRules: the first that fits gives what nobody owns, as it appears or changes.
func TestRules(t *testing.T) {
	h := open(t)
	s := h.box("vps")
	rules := []Rule{
		{Label: "tv", User: "anna", Access: Own},
		{Name: "*.iso", User: "ben", Access: Own},
		{Label: "all", User: "eve", Access: See},
	}
	put(t, s, state.Torrent{Hash: hash(1), Name: "a.iso", Added: 1, Labels: []string{"TV"}},
		state.Torrent{Hash: hash(2), Name: "b.iso", Added: 1},
		state.Torrent{Hash: hash(3), Name: "c", Added: 1},
		state.Torrent{Hash: hash(4), Name: "d.iso", Added: 1, Labels: []string{"tv"}})
	h.look(t)
	h.give(t, Key{"vps", hash(4)}, 1, "eve", Own)
	h.give(t, Key{"vps", hash(3)}, 1, "ben", See)
	if err := h.SetRules(t.Context(), rules); err != nil {
		t.Fatal(err)
	}
	expect := func(want ...string) {
		t.Helper()
		h.look(t)
		for n, want := range want {
			got := ""
			for _, g := range h.Grants(Key{"vps", hash(n + 1)}, 1) {
				got += string(g.User) + " " + g.Access.String() + " "
			}
			if strings.TrimSpace(got) != want {
				t.Errorf("%d: %q, want %q", n+1, got, want)
			}
		}
	}
	expect("", "", "ben see", "eve own")
	clear(h.seen) // as Follow does when it learns that the rules have changed
	expect("anna own", "ben own", "ben see", "eve own")

	put(t, s, state.Torrent{Hash: hash(3), Name: "c", Added: 1, Labels: []string{"all"}})
	expect("anna own", "ben own", "ben see eve see", "eve own")
	put(t, s, state.Torrent{Hash: hash(3), Name: "c.iso", Added: 1, Labels: []string{"all"}})
	expect("anna own", "ben own", "ben own eve see", "eve own")

	// Another's torrent does not become one's own by its label.
	put(t, s, state.Torrent{Hash: hash(2), Name: "b.iso", Added: 1, Labels: []string{"tv"}})
	expect("anna own", "ben own", "ben own eve see", "eve own")

	// A torrent in the place of another is given away anew.
	remove(t, s, hash(2))
	put(t, s, state.Torrent{Hash: hash(2), Name: "b", Added: 2, Labels: []string{"tv"}})
	h.look(t)
	h.expect(t, "anna", Key{"vps", hash(2)}, 2, Own)
	h.expect(t, "ben", Key{"vps", hash(2)}, 2, None)
	if h.told != nil {
		t.Errorf("told %q", h.told) // a rule for 50,000 torrents would tell 50,000 times
	}
}
