package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

// ways are the times of the changes, and of their parts.
type ways struct{ total, wait, rest []time.Duration }

func (w *ways) rows(latency, rtt time.Duration) string {
	text := ""
	for _, r := range []struct {
		name string
		took []time.Duration
	}{{"from the change to home", w.total}, {"of that, waiting for the poll", w.wait}, {"of that, agent, one way, home", w.rest}} {
		d := sorted(r.took)
		text += fmt.Sprintf("| %v | %d | %s | %d | %d | %d |\n", latency, rtt.Milliseconds(), r.name,
			quantile(d, 0.5).Milliseconds(), quantile(d, 0.99).Milliseconds(), d[len(d)-1].Milliseconds())
	}
	return text
}

// changesOverLine stops and starts torrents that rest, and times when home knows.
func (b *bench) changesOverLine(ctx context.Context, box *simBox, home *secondHome) (*ways, error) {
	c, err := home.follow(ctx, mirror.Watching)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if _, err := c.whole(ctx); err != nil {
		return nil, err
	}
	var resting []state.Hash
	c.state.Each(func(t *state.Torrent) bool {
		if t.Status == state.Seeding && !t.Moving() {
			resting = append(resting, t.Hash)
		}
		return len(resting) < b.changes
	})
	time.Sleep(5 * time.Second) // until the agent polls fast
	box.questions()
	arrived, changed, err := b.stopAll(ctx, box, c, resting)
	if err != nil {
		return nil, err
	}
	var w ways
	asked := box.questions()
	for h, at := range arrived {
		told := toldAt(asked, changed[h], at)
		w.total = append(w.total, at.Sub(changed[h]))
		w.wait = append(w.wait, told.Sub(changed[h]))
		w.rest = append(w.rest, at.Sub(told))
	}
	return &w, nil
}

// stopAll stops one torrent after the other, without waiting for home, and
// returns when each was stopped, and when home knew.
func (b *bench) stopAll(ctx context.Context, box *simBox, c *copied, torrents []state.Hash) (arrived, stopped map[state.Hash]time.Time, err error) {
	stopped, arrived = make(map[state.Hash]time.Time), make(map[state.Hash]time.Time)
	next := time.After(0)
	for deadline := time.After(patience); len(arrived) < len(torrents); {
		changed := c.state.Changed()
		for h := range stopped {
			if _, known := arrived[h]; known {
				continue
			}
			if t, _ := c.state.Get(h); t.Status == state.Stopped {
				arrived[h] = time.Now()
			}
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-deadline:
			return nil, nil, errors.New("not every change has reached home")
		case <-changed:
		case <-next:
			h := torrents[len(stopped)]
			if err := box.command("torrent-stop", h); err != nil {
				return nil, nil, err
			}
			stopped[h] = time.Now()
			if len(stopped) < len(torrents) {
				next = time.After(rand.N(pollInterval))
			}
		}
	}
	return arrived, stopped, nil
}

// toldAt returns when the daemon told of what changed: in the answer to the first
// question after that, or in one that was under way, if home knew before.
func toldAt(asked []question, changed, arrived time.Time) time.Time {
	told := changed
	for _, q := range asked {
		if q.ended.Before(changed) || q.ended.After(arrived) {
			continue
		}
		told = q.ended
		if q.began.After(changed) {
			break
		}
	}
	return told
}
