package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// rows is what a page makes of the updates: rows by their ids.
type rows map[float64]map[string]any

func (p rows) apply(t *testing.T, u hub.Update) {
	t.Helper()
	if u.Reset {
		clear(p)
	}
	for _, part := range u.Parts {
		var frame struct {
			Rows    []map[string]any
			Removed []float64
		}
		if err := json.Unmarshal(fmt.Appendf(nil, "{%s}", part), &frame); err != nil {
			t.Fatal(err)
		}
		for _, row := range frame.Rows {
			id := row["id"].(float64)
			if row["hash"] != nil {
				p[id] = row
			} else if p[id] != nil {
				p[id] = maps.Clone(p[id])
				maps.Copy(p[id], row)
			} else {
				t.Fatalf("a change to a row that the page does not have: %v", row)
			}
		}
		for _, id := range frame.Removed {
			delete(p, id)
		}
	}
}

// byPlace returns the rows by box and hash, without ids.
func (p rows) byPlace(t *testing.T) map[string]map[string]any {
	t.Helper()
	all := make(map[string]map[string]any)
	for _, row := range p {
		row = maps.Clone(row)
		delete(row, "id")
		place := fmt.Sprint(row["box"], " ", row["hash"])
		if all[place] != nil {
			t.Fatalf("two rows for %s", place)
		}
		all[place] = row
	}
	return all
}

// naive returns what p may see, by asking for each torrent.
func (w *world) naive(t *testing.T, p account.Principal) map[string]map[string]any {
	t.Helper()
	all := make(map[string]map[string]any)
	for _, b := range w.src.boxes {
		b.State.Each(func(v *state.Torrent) bool {
			grants := w.Grants(key(b.Name, v.Hash), v.Added)
			text := appendFields(appendPlace([]byte(`"x":0`), b.Name, v.Hash), v, state.AllFields, owners.Own)
			if p.Role == account.RoleAdmin {
				text = appendOwners(append(text, `,"access":"own"`...), grants)
			} else if access := owners.AccessOf(grants, p.User); access != owners.None {
				text = fmt.Appendf(text, `,"access":%q`, word(access))
			} else {
				return true
			}
			var row map[string]any
			if err := json.Unmarshal(fmt.Appendf(nil, "{%s}", text), &row); err != nil {
				t.Fatal(err)
			}
			delete(row, "x")
			all[fmt.Sprint(row["box"], " ", row["hash"])] = row
			return true
		})
	}
	return all
}

// moment is what a page had once, from which it may go on.
type moment struct {
	mark hub.Mark
	rows rows
}

// TestAnyWayLeadsToThePresent: whatever happens to boxes, torrents and grants,
// pages that look now and then, or come back to where they were long ago, hold
// exactly what their viewers may see.
func TestAnyWayLeadsToThePresent(t *testing.T) {
	resets := 0
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld()
		w.add("a", 1)
		people := []account.Principal{admin, eve, ben}
		feeds, moments := make([]hub.Feed, len(people)), make([][]moment, len(people))
		for i, p := range people {
			feeds[i] = w.feed(t, p, TopicTorrents)
			moments[i] = []moment{{}}
		}
		for step := range 400 {
			w.change(t, r, step)
			i := r.IntN(len(people))
			from := moments[i][r.IntN(len(moments[i]))]
			to := moment{rows: maps.Clone(from.rows)}
			if to.rows == nil {
				to.rows = rows{}
			}
			routed := r.IntN(3) > 0
			if routed {
				w.step()
			}
			u := feeds[i].Since(from.mark)
			if to.mark = u.Mark; u.Reset {
				resets++
			}
			to.rows.apply(t, u)
			if moments[i] = append(moments[i], to); len(moments[i]) > 12 {
				moments[i] = moments[i][1+r.IntN(3):]
			}
			if !routed {
				continue
			}
			if got, want := to.rows.byPlace(t), w.naive(t, people[i]); !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, step %d: the page of %v holds\n%v\nwant\n%v", seed, step, i, got, want)
			}
			w.recount(t)
		}
	}
	if resets > 10*400/4 {
		t.Errorf("%d of 4000 updates were resets: too few were differences", resets)
	}
}

// change does something to the boxes.
func (w *world) change(t *testing.T, r *rand.Rand, step int) {
	t.Helper()
	n := r.IntN(80)
	switch {
	case n == 0 && len(w.src.boxes) < 3:
		w.add(fmt.Sprint("box", step), state.Epoch(step+2))
	case n == 1 && len(w.src.boxes) > 1:
		w.src.boxes = w.src.boxes[1:]
	case n == 2: // paired anew
		w.src.boxes[0].State = state.New(state.Epoch(step + 2))
	case n == 3 && r.IntN(5) == 0: // nobody has looked for long
		w.Views.mu.Lock()
		for _, v := range w.tables {
			v.left = v.left.Add(-2 * linger)
		}
		w.sweepAt = w.sweepAt.Add(-2 * linger)
		w.Views.mu.Unlock()
	}
	box := w.src.boxes[r.IntN(len(w.src.boxes))]
	v := state.Torrent{
		Hash: state.Hash{byte(r.IntN(6))}, Name: fmt.Sprint(r.IntN(3)), Left: r.Int64N(3), Peers: r.Int32N(3),
		Added: 100 + r.Int64N(6)/5, Status: state.Status(r.IntN(9)), Error: state.ErrorKind(r.IntN(2)), RateUp: r.Int64N(4),
	}
	if n >= 20 && n < 35 {
		p := []account.Principal{eve, ben}[r.IntN(2)]
		w.give(key(box.Name, v.Hash), v.Added, p, owners.Access(r.IntN(4)))
		return
	}
	update(t, box.State, func(tx *state.Tx) {
		if n < 20 {
			tx.Remove(v.Hash)
		}
		if n < 10 || n >= 35 {
			tx.Put(&v)
		}
	})
}

// recount fails unless the sums of all live views are those of their torrents.
func (w *world) recount(t *testing.T) {
	t.Helper()
	for who, table := range w.tables {
		var want totals
		for _, b := range w.src.boxes {
			b.State.Each(func(v *state.Torrent) bool {
				if s := shareOf(v); who.admin() || owners.AccessOf(w.Grants(key(b.Name, v.Hash), v.Added), who.user) != owners.None {
					want.add(&s)
				}
				return true
			})
		}
		if table.totals != want {
			t.Fatalf("the totals are %+v, want %+v", table.totals, want)
		}
	}
}
