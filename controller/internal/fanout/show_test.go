package fanout

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/store"
	"offing/controller/internal/view"
)

// opened is a house of which nothing runs.
func opened(t *testing.T, torrents, users int) *house {
	t.Helper()
	log, dir := slog.New(slog.DiscardHandler), t.TempDir()
	db, err := store.Open(t.Context(), store.Config{Dir: filepath.Join(dir, "store"), KeyFile: filepath.Join(dir, "key"), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	h, err := open(t.Context(), Config{Torrents: torrents, Users: users, Log: log}, db)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func person(i int) account.Principal {
	return account.Principal{User: nameOf(i), Role: account.RoleUser}
}

// rowsOf decodes the rows of an update.
func rowsOf(t *testing.T, u hub.Update) (rows []map[string]any) {
	t.Helper()
	for _, p := range u.Parts {
		var members struct{ Rows []map[string]any }
		if err := json.Unmarshal([]byte("{"+string(p)+"}"), &members); err != nil {
			t.Fatalf("%v: %s", err, p)
		}
		rows = append(rows, members.Rows...)
	}
	return rows
}

// Each person sees their own torrents, and of those that change the numbers that
// have, the time among them.
func TestPersons(t *testing.T) {
	h := opened(t, 10, 2)
	seen := make(map[string]int)
	for i := range 3 {
		f, ok := h.views.Feed(person(i), view.TopicTorrents)
		if !ok {
			t.Fatal("there is no list")
		}
		for _, r := range rowsOf(t, f.Since(nil)) {
			seen[r["hash"].(string)] = i
		}
	}
	for i := range 10 {
		if whose, ok := seen[hashOf(i).String()]; !ok || whose != i%2 || len(seen) != 10 {
			t.Fatalf("torrent %d is seen by %d, %v, of %d", i, whose, ok, len(seen))
		}
	}
	f, _ := h.views.Feed(person(1), view.TopicTorrents)
	news := make(chan struct{}, 100)
	stop := f.Watch(func() { news <- struct{}{} })
	defer stop()
	mark := f.Since(nil).Mark
	h.box.change(10, true)
	defer h.run(t.Context())()
	<-news
	rows := rowsOf(t, f.Since(mark))
	if len(rows) != 5 {
		t.Errorf("of 5 torrents %d have changed", len(rows))
	}
	for _, r := range rows {
		// A download says four numbers, the others two; and each which row it is.
		if want := map[bool]int{true: 5, false: 3}[r["left"] != nil]; len(r) != want || r["uploaded"].(float64) < 1e18 {
			t.Errorf("a row says %v", r)
		}
	}
}

// The torrents take turns: none changes again before all others have.
func TestTurns(t *testing.T) {
	b := newBox(10)
	for _, c := range []struct{ updates, each, want int }{{1, 3, 3}, {2, 5, 10}, {1, 4, 4}, {1, 20, 10}} {
		before := b.state.Version()
		for range c.updates {
			b.change(c.each, false)
		}
		if got := len(b.state.Since(before).Changes); got != c.want {
			t.Errorf("after %d updates of %d, %d have changed, want %d", c.updates, c.each, got, c.want)
		}
	}
}

func TestBoards(t *testing.T) {
	s := newShow(opened(t, 0, 0).views)
	for i, want := range map[int]bool{0: true, 15: true, 16: false} {
		topic := fmt.Sprintf("t%d", i)
		_, ok := s.Feed(person(1), topic)
		if alike := s.View(person(1), topic) == s.View(person(2), topic); ok != want || alike != want {
			t.Errorf("topic %s: %v, alike %v", topic, ok, alike)
		}
	}
	b := newBoard()
	first := b.Since(nil)
	b.put([]byte(`"at":5`))
	if u := b.Since(first.Mark); !first.Reset || u.Reset || len(u.Parts) != 1 || string(u.Parts[0]) != `"at":5` {
		t.Errorf("a board says %+v, then %+v", first, u)
	}
}
