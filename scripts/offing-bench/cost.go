package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"offing/agent/simulator"
	"offing/scripts/rig"
	"offing/tunnel/mirror"
)

const (
	costSettles = 7 * time.Second // until the first passes over a new daemon are over
	costFor     = 10 * time.Second
	clockTick   = time.Second / 100 // of proc(5): USER_HZ, which is 100 on every Linux
)

// cost reads what the real agent's process spends while home watches boxes of
// several sizes.
func (b *bench) cost(ctx context.Context) error {
	b.writef("The processor time and the memory of the agent's process (without its Tor) while a home watches, for %v each,\nover the private Tor network. The daemon is simulated, one after the other behind the same agent: the memory is that\nof an agent that has seen the smaller ones before. A poll is one question for torrents and what follows from it. The\nsimulator's time is that for the answers alone. Who removes a torrent moves up all behind it in the queue, and for a\nminute the daemon counts them as recently active: the last row.\n\n| torrents | transferring | polls a second | of them full passes in all | kB an answer | agent, ms of CPU a poll | agent, CPU %% | agent, MiB | simulator, ms an answer |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n", costFor)
	perPoll := make(map[boxSize]float64)
	err := b.withLine(ctx, 0, func(ctx context.Context, box *simBox, s *rig.System, home *secondHome) error {
		for _, size := range []boxSize{
			smallBox, {10_000, 20, false}, {10_000, 200, false}, {10_000, 1000, false}, largeBox, {50_000, 200, true},
		} {
			tell("cost of %+v", size)
			box.be(simulator.Config{Torrents: size.torrents, Active: size.active, Quiet: true})
			spent, err := b.costOf(ctx, box, s, home, size)
			if err != nil {
				return err
			}
			perPoll[size] = spent
		}
		return nil
	})
	if err != nil {
		return err
	}
	word, growth := "met", perPoll[largeBox]/perPoll[smallBox]
	if growth > mostGrowth {
		word = "**missed**"
	}
	b.writef("\n- CPU a poll with as much that moves, 50,000 torrents ÷ 1,000: %.2f (goal ≤ %.1f: %s)\n", growth, mostGrowth, word)
	return nil
}

// boxSize is a box whose cost is looked at.
type boxSize struct {
	torrents, active int
	removed          bool // the first torrent, just before
}

// What a poll costs has to grow with what moves, not with what is there.
var smallBox, largeBox = boxSize{torrents: 1000, active: 200}, boxSize{torrents: 50_000, active: 200}

const mostGrowth = 1.5

func (b *bench) costOf(ctx context.Context, box *simBox, s *rig.System, home *secondHome, size boxSize) (float64, error) {
	c, err := home.follow(ctx, mirror.Watching)
	if err != nil {
		return 0, err
	}
	defer c.close()
	if _, err := c.until(ctx, func() bool { return c.state.Totals().Torrents == size.torrents }); err != nil {
		return 0, err
	}
	if err := known(ctx, s, size.torrents); err != nil {
		return 0, err
	}
	if size.removed {
		if err := box.command("torrent-remove", box.torrents()[0].Hash); err != nil {
			return 0, err
		}
	}
	time.Sleep(costSettles)
	agent := s.PIDs().Agent
	box.questions()
	began, before := time.Now(), cpuOf(agent)
	time.Sleep(costFor)
	spent, took := cpuOf(agent)-before, time.Since(began)
	word := ""
	if size.removed {
		word = ", one removed"
	}
	polls, full, bytes, answering := 0, 0, 0, time.Duration(0)
	for _, q := range box.questions() {
		polls++
		bytes += q.bytes
		answering += q.ended.Sub(q.began)
		if q.full {
			full++
		}
	}
	if polls == 0 {
		return 0, fmt.Errorf("the agent asked for nothing in %v", costFor)
	}
	n := float64(polls)
	b.writef("| %d | %d%s | %.2f | %d | %.1f | %.2f | %.1f | %.1f | %.2f |\n", size.torrents, size.active, word, n/took.Seconds(), full, float64(bytes)/n/1000,
		float64(spent.Microseconds())/1000/n, 100*spent.Seconds()/took.Seconds(), rss(agent), float64(answering.Microseconds())/1000/n)
	return float64(spent.Microseconds()) / 1000 / n, nil
}

// known waits until the controller has the torrents too: the agent is busy with
// two snapshots.
func known(ctx context.Context, s *rig.System, torrents int) error {
	for deadline := time.Now().Add(patience); ; {
		if box, err := s.Box(ctx); err == nil && box.Totals.Torrents == torrents {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("the controller does not get the torrents")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second / 2):
		}
	}
}

// cpuOf is the processor time that a process has had: utime and stime of
// proc(5), the 14th and 15th field, counted from behind the name in parentheses.
func cpuOf(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}
