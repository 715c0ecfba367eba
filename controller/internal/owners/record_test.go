package owners

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
)

func TestAccessWords(t *testing.T) {
	for a, word := range map[Access]string{None: "none", See: "see", Act: "act", Own: "own"} {
		var back Access
		if text, _ := a.MarshalText(); string(text) != word || back.UnmarshalText(text) != nil || back != a {
			t.Errorf("%d is %q, that is %d", a, text, back)
		}
	}
	for _, word := range []string{"", "OWN", "owner", "3", "unknown"} {
		if a := Own; a.UnmarshalText([]byte(word)) == nil || a != Own {
			t.Errorf("%q is taken for an access", word)
		}
	}
}

func TestShardNames(t *testing.T) {
	for _, n := range []shardName{{"vps", 0}, {"a.b-c_d", 0xff}, {strings.Repeat("x", maxBoxName), 0x1a}} {
		if back, err := parseShardName(n.String()); err != nil || back != n {
			t.Errorf("%v: %v, %v", n, back, err)
		}
	}
	for _, s := range []string{"", "/", "vps", "vps/", "vps/1", "vps/123", "vps/AB", "/00", "vps/00/00", "vps/zz"} {
		if n, err := parseShardName(s); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%q is taken for %v, %v", s, n, err)
		}
	}
}

func TestRecordsOfTheStore(t *testing.T) {
	ts := torrents{
		hash(1): {100, false, absence{}, []Grant{{"anna", Own, false}, {"ben", Own, true}}},
		{1, 7}:  {0, false, absence{3, 20000}, []Grant{{User: "anna", Access: Act}}},
	}
	value, err := ts.encode()
	want := `{"0100000000000000000000000000000000000001":{"added":100,"grants":{"anna":"own","ben":"own"},"joined":["ben"]},` +
		`"0107000000000000000000000000000000000000":{"absent":3,"absent_last":20000,"grants":{"anna":"act"}}}`
	if err != nil || string(value) != want {
		t.Fatalf("%s, %v\nwant %s", value, err, want)
	}
	back, err := decodeTorrents(shardName{"vps", 1}, value, map[string]account.User{})
	if err != nil || !maps.EqualFunc(back, ts, record.equal) {
		t.Fatalf("back: %v, %v", back, err)
	}
	for _, bad := range []string{
		``, `[]`, `{"01":{"grants":{"anna":"own"}}}`, strings.Replace(want, "own", "none", 1), strings.Replace(want, "own", "king", 1),
		strings.Replace(want, "anna", "", 1), strings.Replace(want, `{"anna":"act"}`, `{}`, 1), strings.Replace(want, `"0107`, `"0207`, 1),
		strings.Replace(want, "100", "1e99", 1), strings.Replace(want, ":3,", ":-3,", 1),
	} {
		if _, err := decodeTorrents(shardName{"vps", 1}, []byte(bad), map[string]account.User{}); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%.60s: %v", bad, err)
		}
	}
}

// A shard is as large as the store takes, and no torrent fills it alone.
func TestNoRoom(t *testing.T) {
	h := open(t)
	full, other := Key{"vps", hash(1)}, Key{"vps", hash(2)}
	for n := range maxPeople {
		h.give(t, full, 1, account.User(fmt.Sprintf("user-%02d", n)), See)
	}
	n, err := h.Set(t.Context(), map[Key]int64{full: 1, other: 1}, "anna", See)
	if n != 1 || !errors.Is(err, ErrNoRoom) {
		t.Errorf("one too many: %d, %v", n, err)
	}
	h.expect(t, "anna", full, 1, None)
	h.expect(t, "anna", other, 1, See)

	ts := torrents{}
	grants := make([]Grant, 0, maxPeople)
	for n := range maxPeople {
		grants = append(grants, Grant{User: account.User(fmt.Sprintf("%032d", n)), Access: Own})
	}
	for n := range 80 { // a box of 20,000 torrents with 64 owners each
		ts[hash(1+n<<8)] = record{added: 1, grants: grants}
	}
	value, err := ts.encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Owners.buckets.grants.Create(t.Context(), "vps/03", value); err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		ts[hash(1+n<<8)] = record{added: 1, grants: grants}
	}
	if _, err := ts.encode(); !errors.Is(err, ErrNoRoom) {
		t.Errorf("more than the store takes: %v", err)
	}
}

func FuzzDecodeTorrents(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"0100000000000000000000000000000000000001":{"added":100,"absent":3,"absent_last":9,"grants":{"anna":"own","ben":"own"},"joined":["ben"]}}`,
		`{"0100000000000000000000000000000000000001":{"grants":{"anna":"none"}}}`, `{"01":null}`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	n := shardName{"vps", 1}
	f.Fuzz(func(t *testing.T, value []byte) {
		ts, err := decodeTorrents(n, value, map[string]account.User{})
		if err != nil {
			return
		}
		for h, r := range ts {
			if h[0] != n.first || len(r.grants) == 0 || len(r.grants) > maxPeople {
				t.Fatalf("%s: %+v", h, r)
			}
			for i, g := range r.grants {
				if g.Access < See || g.Access > Own || g.User == "" || i > 0 && r.grants[i-1].User >= g.User {
					t.Fatalf("%s: %v", h, r)
				}
			}
		}
		again, err := ts.encode()
		if err != nil {
			return // there may be more than the store takes
		}
		back, err := decodeTorrents(n, again, map[string]account.User{})
		if err != nil || !maps.EqualFunc(back, ts, record.equal) {
			t.Fatalf("%q becomes %q, that %v, %v", value, again, back, err)
		}
	})
}

func FuzzDecodeRules(f *testing.F) {
	for _, seed := range []string{`[]`, `null`, `[{"box":"vps","label":"tv","name":"*[a-z]?","user":"anna","access":"own"}]`, `[{"user":"anna","access":"none"}]`, `[{"name":"["}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		rules, err := decodeRules(value)
		if err != nil {
			return
		}
		for _, r := range rules {
			r.fits("vps", &sight{name: string(value), labels: []string{"tv"}})
			if r.User == "" || r.Access < See || r.Access > Own {
				t.Fatalf("%+v", r)
			}
		}
	})
}
