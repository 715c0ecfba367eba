// Package lab measures the mirror in process and in virtual time: a simulated
// box, the two ends of the mirror, and a line between them whose bytes are
// counted. Its tests are the measurements. They run small with all other tests,
// and in full, with the figures written to a file, when scripts/bench runs them.
package lab

import (
	"math/rand/v2"
	"testing"
	"time"

	"offing/agent/simulator"
	"offing/tunnel/state"
)

// hostEvery is how often the agent looks at the machine while somebody watches.
const hostEvery = 2 * time.Second

// box is a simulated box with the agent's state of it.
type box struct {
	t     *testing.T
	sim   *simulator.Simulator
	state *state.State
	epoch state.Epoch
	began time.Time
	host  time.Time // of the last sample
	// marker is a torrent that tells the time at which it was seen; see mark.
	marker bool
	rng    *rand.Rand
}

// newBox returns a box that has moved for two minutes.
func newBox(t *testing.T, cfg simulator.Config) *box {
	b := &box{
		t: t, sim: simulator.New(cfg),
		state: state.New(0xb0), began: time.Now(), rng: rand.New(rand.NewPCG(4, 4)),
	}
	b.sim.Step(2 * time.Minute)
	b.poll()
	return b
}

// tick lets d pass and brings the state up to date, as a poll does.
func (b *box) tick(d time.Duration) {
	time.Sleep(d)
	b.sim.Step(d)
	b.poll()
}

func (b *box) poll() {
	b.t.Helper()
	list := b.sim.Torrents()
	here := make(map[state.Hash]struct{}, len(list))
	host, now := b.state.Host(), time.Now()
	if now.Sub(b.host) >= hostEvery {
		host, b.host = b.sample(), now
	}
	err := b.state.Update(func(tx *state.Tx) error {
		for i := range list {
			here[list[i].Hash] = struct{}{}
			tx.Put(&list[i])
		}
		if b.marker {
			mark := b.mark()
			here[mark.Hash] = struct{}{}
			tx.Put(&mark)
		}
		tx.Keep(func(h state.Hash) bool { _, ok := here[h]; return ok })
		tx.SetSession(state.Session{Daemon: state.DaemonOK, Version: "3.00 (bb6b5a062e)", RPCVersion: 16})
		tx.SetHost(host)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.state.Touch(time.Now())
}

// mark is a torrent that was added just now.
func (b *box) mark() state.Torrent {
	return state.Torrent{Hash: state.Hash{1}, Name: "now", Added: time.Since(b.began).Milliseconds(), Metadata: state.Whole}
}

// moving counts the torrents that move.
func (b *box) moving() (n int) {
	b.state.Each(func(t *state.Torrent) bool {
		if t.Moving() {
			n++
		}
		return true
	})
	return n
}

// sample makes up the figures of a machine that is at work.
func (b *box) sample() state.Host {
	totals := b.state.Totals()
	return state.Host{
		DiskTotal: 8 << 40, DiskFree: 3<<40 - int64(time.Since(b.began).Seconds())*totals.RateDown,
		MemTotal: 16 << 30, MemUsed: 5<<30 + b.rng.Int64N(64<<20)&^4095,
		CPU: 1500 + state.Fraction(b.rng.IntN(600)), NetDown: totals.RateDown * 104 / 100, NetUp: totals.RateUp * 104 / 100,
		Uptime: 86400 + int64(time.Since(b.began).Seconds()),
	}
}
