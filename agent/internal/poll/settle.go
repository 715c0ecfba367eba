package poll

import (
	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// minute is how exact Active and Seeded are, in seconds: they must not be news of
// every torrent at every poll.
const minute = 60

// settle makes of the whole rows what the state has: Active in whole minutes, and
// Seeded, which the daemon counts in seconds, as the state means it. now is in Unix
// seconds.
func (p *Poller) settle(rows []transmission.Row, now int64) {
	if len(rows) == 0 {
		return
	}
	p.cfg.State.View(func(r state.Reader) {
		for i := range rows {
			t := &rows[i].Torrent
			t.Active -= t.Active % minute
			if t.Status != state.Seeding {
				t.Seeded -= t.Seeded % minute
				continue
			}
			since := max(now-t.Seeded, 0)
			t.Seeded = (since + minute/2) / minute * minute
			// Both clocks tick in their own time, so the difference wavers.
			if known, ok := r.Get(t.Hash); ok && known.Torrent().Status == state.Seeding {
				if was := known.Torrent().Seeded; since-was < minute && was-since < minute {
					t.Seeded = was
				}
			}
		}
	})
}
