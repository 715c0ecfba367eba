package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"offing/controller/client"
	"offing/tunnel/state"
)

// filter is for a box's own list what the controller does for its lists.
func filter(rows []client.Row, f client.Filter) ([]client.Row, int, error) {
	text := strings.ToLower(f.Text)
	rows = slices.DeleteFunc(rows, func(r client.Row) bool {
		return f.Box != "" && r.Box != f.Box || !isIn(&r, f.State) ||
			f.Label != "" && !slices.Contains(r.Labels, f.Label) ||
			!strings.Contains(strings.ToLower(r.Name), text)
	})
	if f.Sort != "" {
		order, err := orderOf(f.Sort)
		if err != nil {
			return nil, 0, usage(err)
		}
		slices.SortStableFunc(rows, order)
	}
	total := len(rows)
	if f.Limit > 0 {
		rows = rows[:min(f.Limit, len(rows))]
	}
	return rows, total, nil
}

// isIn tells whether a torrent is in a state of --state.
func isIn(r *client.Row, word string) bool {
	is := func(states ...state.Status) bool {
		return slices.ContainsFunc(states, func(s state.Status) bool { return s.String() == r.State })
	}
	switch word {
	case "downloading":
		return is(state.Downloading, state.DownloadQueued)
	case "seeding":
		return is(state.Seeding, state.SeedQueued)
	case "checking":
		return is(state.Checking, state.CheckQueued)
	case "stopped":
		return is(state.Stopped)
	case "active":
		return r.RateDown > 0 || r.RateUp > 0 || is(state.Checking)
	case "error":
		return r.ErrorKind != state.NoError
	case "complete":
		return r.Size > 0 && r.Left == 0
	case "incomplete":
		return r.Size <= 0 || r.Left > 0
	}
	return true
}

// orderOf returns the order of --sort.
func orderOf(word string) (func(a, b client.Row) int, error) {
	by, down := strings.CutPrefix(word, "-")
	order, ok := map[string]func(a, b client.Row) int{
		"name":     func(a, b client.Row) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) },
		"size":     func(a, b client.Row) int { return cmp.Compare(a.Size, b.Size) },
		"progress": func(a, b client.Row) int { return cmp.Compare(a.Progress, b.Progress) },
		"ratio":    func(a, b client.Row) int { return cmp.Compare(a.Ratio, b.Ratio) },
		"down":     func(a, b client.Row) int { return cmp.Compare(a.RateDown, b.RateDown) },
		"up":       func(a, b client.Row) int { return cmp.Compare(a.RateUp, b.RateUp) },
		"eta":      func(a, b client.Row) int { return cmp.Compare(uint64(a.ETA), uint64(b.ETA)) }, // -1 is the longest
		"state":    func(a, b client.Row) int { return cmp.Compare(a.State, b.State) },
	}[by]
	if !ok {
		return nil, errors.New("--sort: the list of a box itself cannot be in that order: ask without --direct")
	}
	if down {
		return func(a, b client.Row) int { return order(b, a) }, nil
	}
	return order, nil
}
