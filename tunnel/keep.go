package tunnel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"offing/tunnel/link"
	"offing/tunnel/tor"
)

const (
	// steady is how long a line must have been up for its next break to be met
	// with the shortest pause again.
	steady = 10 * time.Second
	// rttEvery is how often a change of the round trip is looked for.
	rttEvery = 5 * time.Second
)

// State is the state of a line. The words go over the controller's API.
type State string

// The values of State.
const (
	Starting   State = "starting"   // never up yet: Tor is not ready
	Connecting State = "connecting" // an attempt is under way
	Up         State = "up"
	Down       State = "down" // between attempts, or Tor is not ready
)

// Status is what is known of a line.
type Status struct {
	State  State
	Since  time.Time     // Up: when it came up; otherwise when it was lost, or Keep began: attempts do not move it
	Reason Reason        // why it is not up, from the last attempt; empty when Up
	RTT    time.Duration // smoothed round trip; 0 unless Up
	Retry  time.Time     // Down: when the next attempt is due; zero when that depends on Tor
}

// readiness is what *tor.Tor tells of itself. A Dialer without it is always
// ready.
type readiness interface {
	Status() tor.Status
	Changed() <-chan struct{}
}

// Keep keeps a line to the box of p until ctx ends: it dials, calls use for each
// line, and dials again with growing, jittered pauses when use has returned or
// the line has broken. The context of use ends with the line; Keep waits for use
// to return and then closes the Client. While Tor is not ready nothing is tried,
// and as soon as it is, an attempt is made at once.
//
// report is called on every change, in order, and must not block.
func Keep(ctx context.Context, d Dialer, p Pairing, use func(context.Context, *link.Client) error, report func(Status), log *slog.Logger) {
	k := &keeper{dialer: d, pairing: p, use: use, report: report, log: log}
	k.tor, _ = d.(readiness)
	k.status = Status{State: Starting, Since: time.Now()}
	for ctx.Err() == nil {
		if !k.waitTor(ctx) {
			return
		}
		err := k.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		k.pause(ctx, err)
	}
}

// keeper is the state of one Keep.
type keeper struct {
	dialer  Dialer
	tor     readiness // nil when the dialer does not tell
	pairing Pairing
	use     func(context.Context, *link.Client) error
	report  func(Status)
	log     *slog.Logger
	backoff link.Backoff
	status  Status // last reported
}

// set reports a state; Since moves only between up and not up.
func (k *keeper) set(s State, reason Reason, rtt time.Duration, retry time.Time) {
	since := k.status.Since
	if (s == Up) != (k.status.State == Up) {
		since = time.Now()
	}
	next := Status{s, since, reason, rtt, retry}
	if next != k.status {
		k.status = next
		k.report(next)
	}
}

// torReady tells whether Tor is ready, and if it is not what Tor says of it.
func (k *keeper) torReady() (Reason, bool) {
	if k.tor == nil {
		return Reason{}, true
	}
	s := k.tor.Status()
	if s.Running && s.Percent == 100 {
		return Reason{}, true
	}
	reason := Explain(tor.ErrNotReady)
	if s.Running {
		reason.Text = fmt.Sprintf("Tor is starting: %d %% (%s). %s", s.Percent, s.Summary, reason.Text)
	}
	return reason, false
}

// waitTor waits until Tor is ready; false means that ctx has ended.
func (k *keeper) waitTor(ctx context.Context) bool {
	for {
		var changed <-chan struct{}
		if k.tor != nil {
			changed = k.tor.Changed()
		}
		reason, ready := k.torReady()
		if ready {
			return ctx.Err() == nil
		}
		k.backoff.Reset()
		state := Down
		if k.status.State == Starting {
			state = Starting
		}
		k.set(state, reason, 0, time.Time{})
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// attempt dials, and lets the line be used until it ends. The error says why it
// ended, or did not come about.
func (k *keeper) attempt(ctx context.Context) error {
	k.set(Connecting, k.status.Reason, 0, time.Time{})
	client, err := Dial(ctx, k.dialer, k.pairing, k.log)
	if err != nil {
		return err
	}
	defer client.Close()
	begun := time.Now()
	k.set(Up, Reason{}, client.RTT(), time.Time{})
	k.log.Info("line is up", "rtt", client.RTT())
	err = k.hold(ctx, client)
	if time.Since(begun) >= steady {
		k.backoff.Reset()
	}
	return err
}

// hold runs use until the line ends.
func (k *keeper) hold(ctx context.Context, client *link.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A use that waits for the box must not wait for a dead one.
	defer context.AfterFunc(ctx, func() { client.Close() })()
	used := make(chan error, 1)
	go func() { used <- k.use(ctx, client) }()
	rtt := time.NewTicker(rttEvery)
	defer rtt.Stop()
	for {
		select {
		case err := <-used:
			return lineError(client, err)
		case <-client.Done():
			cancel()
			return lineError(client, <-used)
		case <-rtt.C:
			k.reportRTT(client.RTT())
		}
	}
}

// lineError prefers why the connection ended to what that made use return,
// except where use has noticed more than a closed channel.
func lineError(client *link.Client, err error) error {
	if Explain(err).Code != CodeBroken && err != nil {
		return err
	}
	if ended := client.Err(); ended != nil {
		return ended
	}
	if err == nil {
		err = errors.New("the line is not used any more")
	}
	return err
}

// reportRTT reports a round trip that differs noticeably from the last.
func (k *keeper) reportRTT(rtt time.Duration) {
	if diff := (rtt - k.status.RTT).Abs(); diff > k.status.RTT/8 {
		k.set(Up, Reason{}, rtt, time.Time{})
	}
}

// pause reports why the line is down and waits for the next attempt: for the
// pause that is due, or until Tor changes from not ready to ready.
func (k *keeper) pause(ctx context.Context, err error) {
	delay := k.backoff.Next()
	k.log.Info("line is down", "error", err, "retry", delay.Round(time.Second/10))
	k.set(Down, Explain(err), 0, time.Now().Add(delay))
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		var changed <-chan struct{}
		if k.tor != nil {
			changed = k.tor.Changed()
		}
		if _, ready := k.torReady(); !ready {
			return // waitTor has the rest
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-changed:
		}
	}
}
