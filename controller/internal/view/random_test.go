package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"

	"offing/controller/internal/hub"
	"offing/tunnel/state"
)

// table is what a page makes of the updates: rows by box and hash.
type table map[[2]string]map[string]any

func (p table) apply(t *testing.T, u hub.Update) {
	t.Helper()
	if u.Reset {
		clear(p)
	}
	for _, part := range u.Parts {
		var frame struct {
			Rows    []map[string]any
			Removed [][2]string
		}
		if err := json.Unmarshal(fmt.Appendf(nil, "{%s}", part), &frame); err != nil {
			t.Fatal(err)
		}
		for _, row := range frame.Rows {
			key := [2]string{row["box"].(string), row["hash"].(string)}
			if p[key] == nil {
				p[key] = make(map[string]any)
			}
			maps.Copy(p[key], row)
		}
		for _, key := range frame.Removed {
			delete(p, key)
		}
	}
}

// TestAnyWayLeadsToThePresent: pages that look now and then, each at moments of
// its own, hold what a page that comes new would get.
func TestAnyWayLeadsToThePresent(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 1))
		var s source
		s.add("a", 1)
		f := s.feed(t, admin, TopicTorrents)
		pages, marks := [4]table{{}, {}, {}, {}}, [4]hub.Mark{}
		for step := range 150 {
			change(t, r, &s, step)
			i := r.IntN(len(pages))
			u := f.Since(marks[i])
			marks[i] = u.Mark
			pages[i].apply(t, u)
			fresh := table{}
			fresh.apply(t, f.Since(nil))
			if !reflect.DeepEqual(pages[i], fresh) {
				t.Fatalf("seed %d, step %d: the page holds\n%v\nwant\n%v", seed, step, pages[i], fresh)
			}
		}
	}
}

// change does something to the boxes.
func change(t *testing.T, r *rand.Rand, s *source, step int) {
	t.Helper()
	switch n := r.IntN(40); {
	case n == 0 && len(s.boxes) < 3:
		s.add(fmt.Sprint("box", step), state.Epoch(step+2))
	case n == 1 && len(s.boxes) > 1:
		s.boxes = s.boxes[1:]
	case n == 2: // paired anew
		s.boxes[0].State = state.New(state.Epoch(step + 2))
	default:
		box := s.boxes[r.IntN(len(s.boxes))].State
		v := state.Torrent{Hash: state.Hash{byte(r.IntN(6))}, Name: fmt.Sprint(r.IntN(3)), Left: r.Int64N(3), Peers: r.Int32N(3)}
		update(t, box, func(tx *state.Tx) {
			if n < 10 {
				tx.Remove(v.Hash)
			} else {
				tx.Put(&v)
			}
		})
	}
}
