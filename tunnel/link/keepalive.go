package link

import (
	"fmt"
	"sync"
	"time"
)

const (
	// keepaliveJitter hides the period: idle traffic must not show one.
	keepaliveJitter = 0.5
	// A slow line is asked less often and given longer to answer.
	intervalTrips = 4
	timeoutTrips  = 6
)

// roundTrip smooths measured round trips as TCP does (RFC 6298, section 2): a
// new one counts an eighth.
type roundTrip struct {
	mu    sync.Mutex
	value time.Duration
	exact bool // value comes from keepalives, not from a guess
}

// guess gives a value to go by until the first measurement.
func (r *roundTrip) guess(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.value = d
}

// add counts a measurement. The first replaces the guess.
func (r *roundTrip) add(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.exact {
		r.value, r.exact = d, true
		return
	}
	r.value += (d - r.value) / 8
}

func (r *roundTrip) smoothed() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.value
}

// keepalive asks the server for a sign of life until the connection ends, and
// ends it when none comes. The first goes out at once, to measure the line.
func (c *Client) keepalive() {
	for {
		if err := c.probe(); err != nil {
			c.fail(err)
			return
		}
		pause(c.ending, jitter(max(c.cfg.KeepaliveInterval, intervalTrips*c.RTT()), keepaliveJitter))
		if c.ending.Err() != nil {
			return
		}
	}
}

// probe sends one keepalive and waits for the reply, for as long as the line is
// not silent: a reply that is queued behind data is late, but the data proves
// that the peer lives.
func (c *Client) probe() error {
	limit := max(c.cfg.KeepaliveTimeout, timeoutTrips*c.RTT())
	sent := time.Now()
	c.conn.hear(sent)
	defer c.conn.whenSilent(limit, func() {
		c.fail(fmt.Errorf("%w: nothing came back for %v", ErrSilent, limit.Round(time.Second/10)))
	})()
	if _, _, err := c.ssh.SendRequest(keepaliveRequest, true, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	c.rtt.add(time.Since(sent))
	return nil
}
