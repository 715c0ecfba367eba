package tor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"offing/tunnel/internal/torproc"
)

const (
	firstRestart = 250 * time.Millisecond // mean wait before the first restart
	lastRestart  = 30 * time.Second       // and the longest
	controlPoll  = 25 * time.Millisecond  // between looks for the control socket of a starting tor
	startTimeout = 60 * time.Second       // for that socket to appear
)

// errPermanent marks what starting tor again cannot mend.
var errPermanent = errors.New("tor cannot run")

// Run supervises Tor until ctx ends, when it returns nil and our own process is
// gone. A Tor that ends, or an existing one that goes away, is started or
// connected to again. An error means that the program is missing or that tor
// refuses its configuration; it says what tor said. Run is called once.
func (t *Tor) Run(ctx context.Context) error {
	wait := firstRestart
	for {
		err := t.runOnce(ctx)
		if ctx.Err() != nil {
			t.down("stopped")
			return nil
		}
		t.down(err.Error())
		if errors.Is(err, errPermanent) {
			return err
		}
		if t.worked {
			wait = firstRestart
		}
		pause := wait/2 + rand.N(wait)
		wait = min(2*wait, lastRestart)
		t.cfg.Log.Warn("tor is not running", "error", err, "retry_in", pause.Round(time.Millisecond))
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// runOnce returns when this run of Tor is over.
func (t *Tor) runOnce(ctx context.Context) error {
	t.worked = false
	if t.cfg.Control != "" {
		return t.runExisting(ctx)
	}
	return t.runOwn(ctx)
}

// down tells that Tor is not running.
func (t *Tor) down(why string) {
	t.board.update(func(s *Status) { *s = Status{Summary: why, Warning: s.Warning} })
}

// runOwn runs our own process until it ends.
func (t *Tor) runOwn(ctx context.Context) error {
	p, err := t.startProcess(ctx)
	if err != nil {
		return err
	}
	defer p.Stop()
	err = t.useProcess(ctx, p)
	t.down(err.Error()) // at once: the process may take a while to end
	p.Stop()
	if err = fmt.Errorf("%w: %w", err, p.Err()); p.ConfigRefused() {
		return fmt.Errorf("%w: %w", errPermanent, p.Err())
	}
	return err
}

func (t *Tor) startProcess(ctx context.Context) (*torproc.Process, error) {
	lines, err := t.cfg.torrc()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPermanent, err)
	}
	// What is left of an earlier run would be taken for this one's.
	if err := os.Remove(t.controlPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove an old control socket: %w", err)
	}
	t.mu.Lock()
	t.reload = false // this process reads the clients of now
	t.mu.Unlock()
	p, err := torproc.Start(ctx, torproc.Options{
		Binary: t.cfg.Binary, Dir: t.cfg.DataDir, Lines: lines, OnLine: t.logLine,
	})
	if errors.Is(err, torproc.ErrBinary) {
		return nil, fmt.Errorf("%w: %w", errPermanent, err)
	}
	if err != nil {
		return nil, err
	}
	t.board.update(func(s *Status) {
		*s = Status{Running: true, PID: p.PID(), Summary: "starting"}
	})
	return p, nil
}

func (t *Tor) controlPath() string { return filepath.Join(t.cfg.RunDir, controlSocket) }

// useProcess waits for the control socket of a process that starts, and follows
// it until the process or ctx ends.
func (t *Tor) useProcess(ctx context.Context, p *torproc.Process) error {
	c, err := t.awaitControl(ctx, p)
	if err != nil {
		return err
	}
	defer c.close()
	return t.follow(ctx, p.PID(), c, "unix", t.controlPath())
}

func (t *Tor) awaitControl(ctx context.Context, p *torproc.Process) (*controller, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(controlPoll)
	defer tick.Stop()
	for {
		c, err := dialControl(ctx, "unix", t.controlPath())
		if err == nil {
			return c, nil
		}
		select {
		case <-tick.C:
		case <-p.Done():
			return nil, errors.New("tor did not start")
		case <-ctx.Done():
			return nil, err
		}
	}
}

// follow uses Tor through c, and a second connection for its events, until they
// break or ctx ends.
func (t *Tor) follow(ctx context.Context, pid int, c *controller, network, address string) error {
	events, err := dialControl(ctx, network, address)
	if err != nil {
		return err
	}
	defer events.close()
	stop := context.AfterFunc(ctx, func() { c.close(); events.close() })
	defer stop()
	if err := t.attach(c); err != nil {
		return err
	}
	defer t.detach()
	return watch(events, func(p phase) { t.tellPhase(pid, p) }, t.reauthorize)
}

func (t *Tor) tellPhase(pid int, p phase) {
	t.worked = t.worked || p.percent == ready
	t.board.update(func(s *Status) {
		s.Running, s.PID, s.Percent, s.Summary = true, pid, p.percent, p.summary
		if p.warning != "" || p.percent == ready {
			s.Warning = p.warning
		}
	})
}

// logLine takes in a line of our own process's log, which tor has scrubbed of
// addresses (SafeLogging).
func (t *Tor) logLine(l torproc.Line) {
	if !l.Trouble() {
		t.cfg.Log.Debug("tor says", "text", l.Text)
		return
	}
	t.cfg.Log.Warn("tor warns", "text", l.Text)
	t.board.update(func(s *Status) { s.Warning = l.Text })
}
