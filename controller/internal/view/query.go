package view

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"

	"offing/tunnel/state"
)

// Query chooses torrents and their order. Its zero value has all of them, by name.
type Query struct {
	Box    string // of that name only
	State  string // a key of conditions
	Label  string // one that it has
	Text   string // a part of its name, in either case
	Sort   string // a key of orders, with "-" before it for the other way round
	Limit  int    // torrents at most; 0 for all
	Offset int    // torrents to leave out first
}

// ErrBadQuery is returned by Query.Check.
var ErrBadQuery = errors.New("there is no such state or order of torrents")

// Check returns ErrBadQuery for words and figures that mean nothing.
func (q *Query) Check() error {
	_, state := conditions[q.State]
	_, sort := orders[strings.TrimPrefix(q.Sort, "-")]
	if !state && q.State != "" || !sort && q.Sort != "" || q.Limit < 0 || q.Offset < 0 {
		return ErrBadQuery
	}
	return nil
}

// conditions are the values of Query.State. Queued torrents count as what they are
// queued for.
var conditions = map[string]func(*state.Torrent) bool{
	"all":         func(*state.Torrent) bool { return true },
	"downloading": func(t *state.Torrent) bool { return t.Status == state.Downloading || t.Status == state.DownloadQueued },
	"seeding":     func(t *state.Torrent) bool { return t.Status == state.Seeding || t.Status == state.SeedQueued },
	"checking":    func(t *state.Torrent) bool { return t.Status == state.Checking || t.Status == state.CheckQueued },
	"stopped":     func(t *state.Torrent) bool { return t.Status == state.Stopped },
	"active": func(t *state.Torrent) bool {
		return t.RateDown > 0 || t.RateUp > 0 || t.Status == state.Checking
	},
	"error":      func(t *state.Torrent) bool { return t.Error != state.NoError },
	"complete":   complete,
	"incomplete": func(t *state.Torrent) bool { return !complete(t) },
}

// complete tells whether all that is wanted of a torrent is here.
func complete(t *state.Torrent) bool { return t.Left == 0 && t.Metadata == state.Whole }

// orders are the values of Query.Sort. Nil is by name.
var orders = map[string]func(*state.Torrent) float64{
	"name":     nil,
	"added":    func(t *state.Torrent) float64 { return float64(t.Added) },
	"size":     func(t *state.Torrent) float64 { return float64(t.Size) },
	"progress": func(t *state.Torrent) float64 { return float64(t.Progress()) },
	"ratio":    (*state.Torrent).Ratio,
	"down":     func(t *state.Torrent) float64 { return float64(t.RateDown) },
	"up":       func(t *state.Torrent) float64 { return float64(t.RateUp) },
	"eta":      eta,
	"state":    func(t *state.Torrent) float64 { return float64(t.Status) },
	"queue":    func(t *state.Torrent) float64 { return float64(t.Queue) },
}

// eta is the time that is left, which is endless where it cannot be said.
func eta(t *state.Torrent) float64 {
	if left := t.ETA(); left >= 0 {
		return float64(left)
	}
	return math.Inf(1)
}

// item is a torrent that a query has found.
type item struct {
	value  float64
	folded string // the name in lower case, where the order is by it
	name   string
	box    int // index of the box
	hash   state.Hash
}

// search collects what a query finds.
type search struct {
	Query
	text   string
	passes func(*state.Torrent) bool
	value  func(*state.Torrent) float64
	found  []item
}

// newSearch begins to look for what q, which has been checked, asks for.
func newSearch(q Query) *search {
	passes := conditions[cmp.Or(q.State, "all")]
	return &search{Query: q, text: strings.ToLower(q.Text), passes: passes, value: orders[strings.TrimPrefix(q.Sort, "-")]}
}

// see takes a torrent of a box if it is looked for.
func (s *search) see(box int, t *state.Torrent) {
	if !s.passes(t) || s.Label != "" && !slices.Contains(t.Labels, s.Label) {
		return
	}
	i := item{name: t.Name, box: box, hash: t.Hash}
	if s.text != "" || s.value == nil {
		if i.folded = strings.ToLower(t.Name); !strings.Contains(i.folded, s.text) {
			return
		}
	}
	if s.value != nil {
		i.value, i.folded = s.value(t), ""
	}
	s.found = append(s.found, i)
}

// page returns those that the query asks for, in its order. Only these are sorted.
func (s *search) page() []item {
	from := min(s.Offset, len(s.found))
	to := len(s.found)
	if s.Limit > 0 {
		to = min(to, from+min(s.Limit, to-from))
	}
	if to == from {
		return nil
	}
	compare := compareItems
	if strings.HasPrefix(s.Sort, "-") {
		compare = func(a, b *item) int {
			if c := compareValues(b, a); c != 0 {
				return c
			}
			return compareNames(a, b)
		}
	}
	return first(s.found, to, compare)[from:]
}

// compareItems orders by what was asked for, then by name, and no two alike.
func compareItems(a, b *item) int {
	if c := compareValues(a, b); c != 0 {
		return c
	}
	return compareNames(a, b)
}

func compareValues(a, b *item) int {
	if c := cmp.Compare(a.value, b.value); c != 0 {
		return c
	}
	return strings.Compare(a.folded, b.folded)
}

func compareNames(a, b *item) int {
	if c := strings.Compare(a.name, b.name); c != 0 {
		return c
	}
	if c := cmp.Compare(a.box, b.box); c != 0 {
		return c
	}
	return slices.Compare(a.hash[:], b.hash[:])
}

// first returns the first n of all in order. For few of many it keeps them in a heap
// with the last of them on top, so that most are looked at once. It writes to all.
func first(all []item, n int, compare func(a, b *item) int) []item {
	sorted := func(items []item) []item {
		slices.SortFunc(items, func(a, b item) int { return compare(&a, &b) })
		return items
	}
	if n > len(all)/4 {
		return sorted(all)[:n]
	}
	heap := all[:n]
	for i := n/2 - 1; i >= 0; i-- {
		sink(heap, i, compare)
	}
	for i := n; i < len(all); i++ {
		if compare(&all[i], &heap[0]) < 0 {
			heap[0], all[i] = all[i], heap[0]
			sink(heap, 0, compare)
		}
	}
	return sorted(heap)
}

// sink puts the item at i where it belongs in a heap with the last on top.
func sink(heap []item, i int, compare func(a, b *item) int) {
	for {
		last := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(heap); child++ {
			if compare(&heap[child], &heap[last]) > 0 {
				last = child
			}
		}
		if last == i {
			return
		}
		heap[i], heap[last] = heap[last], heap[i]
		i = last
	}
}
