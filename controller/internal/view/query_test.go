package view

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// many returns torrents with few different values, so that much is alike.
func many(n int) []state.Torrent {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]state.Torrent, n)
	for i := range all {
		t := full()
		t.Hash = state.Hash{byte(i >> 8), byte(i), 1}
		t.Name = []string{"alpha", "Beta", "gamma", "ALPHA"}[random.IntN(4)]
		t.Status = state.Status(random.IntN(7))
		t.Error = state.ErrorKind(random.IntN(2))
		t.Size, t.Metadata = 100, state.Whole
		t.Left, t.RateDown = int64(random.IntN(3)), int64(random.IntN(3))
		t.RateUp, t.Queue, t.Added = int64(random.IntN(2)), int32(random.IntN(5)), 1+int64(random.IntN(9))
		t.Labels = []string{"a", "b"}[:random.IntN(3)]
		all[i] = t
	}
	return all
}

// naive is what a query ought to find: everything is looked at, and all of it sorted.
func naive(all []state.Torrent, q Query) []state.Torrent {
	value := map[string]func(t *state.Torrent) float64{
		"name": func(*state.Torrent) float64 { return 0 }, "": func(*state.Torrent) float64 { return 0 },
		"added": func(t *state.Torrent) float64 { return float64(t.Added) }, "size": func(t *state.Torrent) float64 { return float64(t.Size) },
		"progress": func(t *state.Torrent) float64 { return float64(t.Progress()) }, "ratio": func(t *state.Torrent) float64 { return t.Ratio() },
		"down": func(t *state.Torrent) float64 { return float64(t.RateDown) }, "up": func(t *state.Torrent) float64 { return float64(t.RateUp) },
		"state": func(t *state.Torrent) float64 { return float64(t.Status) }, "queue": func(t *state.Torrent) float64 { return float64(t.Queue) },
		"eta": func(t *state.Torrent) float64 {
			if t.ETA() < 0 {
				return math.MaxFloat64
			}
			return float64(t.ETA())
		},
	}[strings.TrimPrefix(q.Sort, "-")]
	byName := strings.TrimPrefix(q.Sort, "-") == "name" || q.Sort == ""
	var found []state.Torrent
	for _, t := range all {
		if conditions[cmp.Or(q.State, "all")](&t) && (q.Label == "" || slices.Contains(t.Labels, q.Label)) &&
			strings.Contains(strings.ToLower(t.Name), strings.ToLower(q.Text)) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b state.Torrent) int {
		c := cmp.Compare(value(&a), value(&b))
		if byName {
			c = strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		}
		if strings.HasPrefix(q.Sort, "-") {
			c = -c
		}
		return cmp.Or(c, strings.Compare(a.Name, b.Name), slices.Compare(a.Hash[:], b.Hash[:]))
	})
	return found
}

func TestListIsWhatIsAskedFor(t *testing.T) {
	w := newWorld()
	all := many(700)
	put(t, w.add("demo", 1), all...)
	states := append(slices.Collect(func(yield func(string) bool) {
		for name := range conditions {
			if !yield(name) {
				return
			}
		}
	}), "")
	slices.Sort(states)
	random := rand.New(rand.NewPCG(3, 4))
	for sort := range orders {
		for _, state := range states {
			q := Query{
				State: state, Sort: []string{"", "-"}[random.IntN(2)] + sort, Label: []string{"", "b"}[random.IntN(2)], Text: []string{"", "LPH"}[random.IntN(2)],
				Limit: []int{0, 1, 7, 600, 5000, math.MaxInt}[random.IntN(6)], Offset: []int{0, 0, 5, 650, 5000, math.MaxInt}[random.IntN(6)],
			}
			if err := q.Check(); err != nil {
				t.Fatal(err)
			}
			want := naive(all, q)
			rows, total := w.List(admin, q)
			from := min(q.Offset, len(want))
			page := want[from:]
			if q.Limit > 0 {
				page = page[:min(q.Limit, len(page))]
			}
			got := make([]string, 0, len(rows))
			for _, r := range rows {
				got = append(got, r.Hash.String())
			}
			wanted := make([]string, 0, len(page))
			for _, r := range page {
				wanted = append(wanted, r.Hash.String())
			}
			if total != len(want) || !slices.Equal(got, wanted) {
				t.Errorf("%+v: %d of %d rows, want %d of %d, or in another order", q, len(got), total, len(wanted), len(want))
			}
		}
	}
}

// TestFewOfManyAreNotSorted: a page of ten of ten thousand costs about one look at
// each.
func TestFewOfManyAreNotSorted(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	items := make([]item, 10_000)
	for i := range items {
		items[i] = item{value: random.Float64()}
	}
	looks := 0
	first(slices.Clone(items), 10, func(a, b *item) int { looks++; return cmp.Compare(a.value, b.value) })
	if looks > 2*len(items) {
		t.Errorf("%d comparisons", looks)
	}
}

func TestQueriesThatMeanNothing(t *testing.T) {
	for _, q := range []Query{{State: "x"}, {Sort: "x"}, {Sort: "--name"}, {Sort: "-"}, {Limit: -1}, {Offset: -1}} {
		if err := q.Check(); !errors.Is(err, ErrBadQuery) {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

// TestListIsOnesOwn: a list, a row and the details hold what their asker may see, as
// they may see it, and nothing of what they may not.
func TestListIsOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		theirs, foreign := full(), full()
		theirs.ErrorText, theirs.Dir, theirs.Trackers = "failed: "+secretURL, "/d", []string{secretURL}
		foreign.Hash[0]++
		demo, other := w.add("demo", 1), w.add("other", 2)
		put(t, demo, theirs, foreign)
		put(t, other, foreign)
		demo.Touch(time.Now())
		w.say(scene())
		at := key("demo", theirs.Hash)
		w.give(at, theirs.Added, eve, owners.See)
		w.give(at, theirs.Added, ben, owners.Own)
		for _, c := range []struct {
			p           account.Principal
			total       int
			access, dir string
			secret      bool
		}{
			{eve, 1, "see", "", false},
			{ben, 1, "own", "/d", true},
			{admin, 3, "own", "/d", true},
			{account.Principal{User: "kim", Role: account.RoleUser}, 0, "", "", false},
			{account.Principal{Role: account.RoleUser}, 0, "", "", false},
			{account.Principal{User: "eve"}, 0, "", "", false},
		} {
			rows, total := w.List(c.p, Query{})
			if total != c.total || len(rows) != c.total {
				t.Fatalf("%d rows of %d, want %d", len(rows), total, c.total)
			}
			if _, total := w.List(c.p, Query{Box: "other"}); total != 0 && c.p != admin {
				t.Errorf("%d of another's box", total)
			}
			if _, ok := w.Row(c.p, key("demo", foreign.Hash)); ok && c.p != admin {
				t.Error("a row of another's torrent")
			}
			if c.p != admin {
				if _, err := w.Whole(t.Context(), c.p, key("demo", foreign.Hash)); !errors.Is(err, owners.ErrUnknownTorrent) {
					t.Errorf("another's torrent: %v", err)
				}
			}
			whole, err := w.Whole(t.Context(), c.p, at)
			if c.total == 0 {
				if !errors.Is(err, owners.ErrUnknownTorrent) {
					t.Errorf("another's torrent: %v", err)
				}
				continue
			}
			row := rows[slices.IndexFunc(rows, func(r client.Row) bool { return r.Box == "demo" && r.Hash == theirs.Hash })]
			if row.Access != c.access || row.Dir != c.dir || strings.Contains(row.Error, "0123456789abcdef") != c.secret || !reflect.DeepEqual(whole.Row, row) {
				t.Errorf("row: %+v", row)
			}
			if err != nil || strings.Contains(fmt.Sprint(whole.Detail), "0123456789abcdef") != c.secret || whole.Detail.Info.Dir != c.dir ||
				len(whole.Detail.Files) != 2 || whole.Detail.Files[1].Index != 1 || len(whole.Detail.Peers) != 2 || whole.AgeMS != 0 ||
				whole.Detail.Pieces.Count != 9 || len(whole.Detail.Pieces.Have) != 2 {
				t.Errorf("details: %+v, %v", whole, err)
			}
		}
		for k, n := range w.src.opened {
			if n != 0 {
				t.Errorf("%v stays open", k)
			}
		}
	})
}

// TestWholeBeforeTheBoxIsHeard: until a box has told what it has nobody is told that a
// torrent is not there, whoever they are.
func TestWholeBeforeTheBoxIsHeard(t *testing.T) {
	w := newWorld()
	demo := w.add("demo", 1)
	w.give(key("demo", full().Hash), 0, ben, owners.Own)
	for _, p := range []account.Principal{eve, ben, admin} {
		_, err := w.Whole(t.Context(), p, key("demo", full().Hash))
		if fault := (*command.Fault)(nil); !errors.As(err, &fault) || fault.Code != command.DaemonAway {
			t.Errorf("%s: %v", string(p.User), err)
		}
	}
	demo.Touch(time.Now())
	if _, err := w.Whole(t.Context(), ben, key("demo", full().Hash)); !errors.Is(err, owners.ErrUnknownTorrent) {
		t.Errorf("once it is known: %v", err)
	}
}

// TestWholeWaits: without details the answer comes when the patience ends, and details
// that come in parts are put together.
func TestWholeWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		put(t, w.add("demo", 1), full())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begun := time.Now()
		whole, err := w.Whole(ctx, admin, key("demo", full().Hash))
		if err != nil || whole.Detail != nil || whole.AgeMS != -1 || whole.Name != full().Name || time.Since(begun) != 5*time.Second {
			t.Errorf("%+v, %v after %v", whole, err, time.Since(begun))
		}
		d := scene()
		d.Files = make([]state.File, 20_000)
		for i := range d.Files {
			d.Files[i] = state.File{Name: fmt.Sprint("file ", i), Size: int64(i)}
		}
		w.say(d)
		whole, err = w.Whole(t.Context(), admin, key("demo", d.Hash))
		if err != nil || len(whole.Detail.Files) != len(d.Files) || whole.Detail.Files[19_999].Size != 19_999 || whole.Detail.Files[0].Name != "file 0" {
			t.Errorf("%v", err)
		}
	})
}

func BenchmarkList(b *testing.B) {
	w := newWorld()
	put(b, w.add("demo", 1), many(10_000)...)
	for _, q := range []Query{{Limit: 50}, {Sort: "-down", Limit: 50}, {Sort: "-added"}} {
		b.Run(fmt.Sprintf("%s-%d", q.Sort, q.Limit), func(b *testing.B) {
			for b.Loop() {
				w.List(admin, q)
			}
		})
	}
}
