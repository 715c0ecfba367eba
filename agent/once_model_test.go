package agent

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"offing/agent/internal/transmission"
	"offing/agent/internal/transmissiontest"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// plannedTorrent is what a torrent has to be in the end.
type plannedTorrent struct {
	name    string
	labels  []string
	running bool
}

// planned are commands, and what a box has to be like when each of them was done once
// and in its order.
type planned struct {
	rng      *rand.Rand
	commands []*command.Command
	queue    []state.Hash // in its order
	torrents map[state.Hash]*plannedTorrent
	effects  map[string]int // calls of the daemon that have an effect, by method
}

// kinds of commands in a thousand.
var plannedShares = []struct {
	kind  string
	share int
}{{"add", 400}, {"labels", 150}, {"rename", 120}, {"queue", 180}, {"run", 90}, {"remove", 60}}

// plan makes n commands: two fifths are additions of as many torrents.
func plan(rng *rand.Rand, n int) *planned {
	var kinds []string
	for _, s := range plannedShares {
		kinds = append(kinds, slices.Repeat([]string{s.kind}, n*s.share/1000)...)
	}
	const first = 20 // so that there is something to be done with
	adds := n*plannedShares[0].share/1000 - first
	rest := kinds[first:]
	if adds < 0 {
		panic("too few commands")
	}
	rng.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	p := &planned{rng: rng, torrents: map[state.Hash]*plannedTorrent{}, effects: map[string]int{}}
	for i, kind := range kinds {
		c := &command.Command{ID: command.ID{1, byte(i >> 8), byte(i)}}
		map[string]func(*command.Command, int){
			"add": p.add, "labels": p.label, "rename": p.rename, "queue": p.move, "run": p.startOrStop, "remove": p.remove,
		}[kind](c, i)
		p.commands = append(p.commands, c)
	}
	return p
}

func (p *planned) any(c *command.Command) (state.Hash, *plannedTorrent) {
	h := p.queue[p.rng.IntN(len(p.queue))]
	c.Torrents = []state.Hash{h}
	return h, p.torrents[h]
}

func (p *planned) add(c *command.Command, i int) {
	name, content := fmt.Sprintf("torrent %d", i), fmt.Append(nil, "content ", i)
	c.Kind, c.Add = command.Add, &command.Addition{Metainfo: transmissiontest.Metainfo(name, content), Paused: true}
	h := transmissiontest.Hash(name, content)
	p.queue = append(p.queue, h)
	p.torrents[h] = &plannedTorrent{name: name}
	p.effects["torrent-add"]++
}

func (p *planned) label(c *command.Command, i int) {
	_, t := p.any(c)
	t.labels = []string{fmt.Sprintf("label %d", i), "another"}
	labels := slices.Clone(t.labels)
	c.Kind, c.Change = command.Change, &command.Changes{Labels: &labels}
	p.effects["labels"]++
}

func (p *planned) rename(c *command.Command, i int) {
	_, t := p.any(c)
	c.Kind, c.Rename = command.Rename, &command.Renaming{Path: t.name, Name: fmt.Sprintf("renamed %d", i)}
	t.name = c.Rename.Name
	p.effects["torrent-rename-path"]++
}

func (p *planned) startOrStop(c *command.Command, _ int) {
	_, t := p.any(c)
	// Mostly what changes something, sometimes what does not.
	t.running = t.running == (p.rng.IntN(4) == 0)
	if c.Kind = command.Stop; t.running {
		c.Kind = command.Start
	}
	p.effects["torrent-"+string(c.Kind)]++
}

func (p *planned) remove(c *command.Command, _ int) {
	h, _ := p.any(c)
	c.Kind, c.Remove = command.Remove, &command.Removal{}
	p.queue = slices.DeleteFunc(p.queue, func(x state.Hash) bool { return x == h })
	delete(p.torrents, h)
	p.effects["torrent-remove"]++
}

// move moves two torrents in the queue.
func (p *planned) move(c *command.Command, _ int) {
	a := p.rng.IntN(len(p.queue))
	b := (a + 1 + p.rng.IntN(len(p.queue)-1)) % len(p.queue)
	c.Torrents = []state.Hash{p.queue[a], p.queue[b]}
	moved := func(h state.Hash) bool { return slices.Contains(c.Torrents, h) }
	q := p.queue
	switch p.rng.IntN(6) {
	case 0, 1, 2:
		c.Kind = command.QueueUp
		for i := 1; i < len(q); i++ {
			if moved(q[i]) && !moved(q[i-1]) {
				q[i], q[i-1] = q[i-1], q[i]
			}
		}
		p.effects["queue"] += 2
	case 3, 4:
		c.Kind = command.QueueDown
		for i := len(q) - 2; i >= 0; i-- {
			if moved(q[i]) && !moved(q[i+1]) {
				q[i], q[i+1] = q[i+1], q[i]
			}
		}
		p.effects["queue"] += 2
	default:
		c.Kind = command.QueueTop
		both := slices.DeleteFunc(slices.Clone(q), func(h state.Hash) bool { return !moved(h) })
		p.queue = append(both, slices.DeleteFunc(q, moved)...)
		p.effects["queue-move-top"]++
	}
}

// check compares what came of each command, and what the daemon has, with the plan.
func (p *planned) check(t *testing.T, daemon *transmission.Client, results map[command.ID]*command.Result) {
	t.Helper()
	for i, c := range p.commands {
		want := 1
		if c.Kind == command.QueueUp || c.Kind == command.QueueDown || c.Kind == command.QueueTop {
			want = 2
		}
		r := results[c.ID]
		if r.Fault != nil || r.Done != want || r.Failed != 0 || c.Kind == command.Add && (r.Added == nil || r.Added.Duplicate) {
			t.Errorf("command %d, %s: %+v, %v", i, c.Kind, r, r.Fault)
		}
	}
	eventually(t, "the planned torrents", func() error {
		l, err := daemon.Torrents(t.Context(), transmission.All)
		if err != nil {
			return err
		}
		return p.differs(l.Rows)
	})
}

func (p *planned) differs(rows []transmission.Row) error {
	if len(rows) != len(p.torrents) {
		return fmt.Errorf("%d torrents, want %d", len(rows), len(p.torrents))
	}
	slices.SortFunc(rows, func(a, b transmission.Row) int { return int(a.Torrent.Queue - b.Torrent.Queue) })
	for i := range rows {
		got := &rows[i].Torrent
		if got.Hash != p.queue[i] {
			return fmt.Errorf("another torrent is in place %d of the queue", i)
		}
		want := p.torrents[got.Hash]
		if got.Name != want.name || !slices.Equal(got.Labels, want.labels) || (got.Status != state.Stopped) != want.running {
			return fmt.Errorf("%q with %q, status %v, want %+v after %q", got.Name, got.Labels, got.Status, *want, p.history(got.Hash))
		}
	}
	return nil
}

// history tells what was done with a torrent, in its order.
func (p *planned) history(h state.Hash) (done []string) {
	for i, c := range p.commands {
		if slices.Contains(c.Torrents, h) {
			done = append(done, fmt.Sprintf("%d %s", i, c.Kind))
		}
	}
	return done
}
