package poll

import (
	"context"
	"math/rand/v2"
	"time"
)

// pause is that after a poll which took so long. A daemon that is slow is left
// alone for as long as it took, so that the agent never is what keeps it busy.
func (p *Poller) pause(ok bool, took time.Duration) time.Duration {
	return max(p.interval(ok), min(took, calmInterval))
}

// interval is the pause after a poll that took no time.
func (p *Poller) interval(ok bool) time.Duration {
	if p.loading && ok {
		return loadingInterval
	}
	watched := p.watched()
	switch totals := p.cfg.State.Totals(); {
	case !ok && watched:
		return retryInterval
	case !ok:
		return min(retryInterval<<min(p.failures, 10), p.idle())
	case !watched:
		return p.idle()
	case totals.RateDown+totals.RateUp > 0 || totals.Checking > 0:
		return p.cfg.Active
	}
	return max(p.cfg.Active, calmInterval)
}

func (p *Poller) idle() time.Duration { return spread(p.cfg.Idle) }

// spread draws from two thirds to four thirds of the mean, so that what nobody
// asked for has no period.
func spread(mean time.Duration) time.Duration {
	return mean*2/3 + rand.N(mean*2/3)
}

// wait returns after d, at a wake-up, or when ctx ends.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}
