package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"offing/scripts/rig"
	"offing/tunnel"
	"offing/tunnel/link"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
	"offing/tunnel/tor"
)

// patience bounds every wait; a step takes seconds.
const patience = 3 * time.Minute

// secondHome is a home in this process, with a Tor of its own, so that what
// happens at the box and at home is seen with one clock.
type secondHome struct {
	client *link.Client
	dialed time.Duration // what the line took to come up, Tor being ready
	end    context.CancelFunc
	parts  sync.WaitGroup
}

var quiet = slog.New(slog.DiscardHandler)

func newSecondHome(ctx context.Context, s *rig.System) (_ *secondHome, err error) {
	pairing, err := s.Pair(ctx)
	if err != nil {
		return nil, err
	}
	run, err := os.MkdirTemp("", "offing-")
	if err != nil {
		return nil, err
	}
	t, err := tor.New(tor.Config{DataDir: filepath.Join(run, "data"), RunDir: run, Client: true, Extra: s.TorLines(), Log: quiet})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(run))
	}
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	h := &secondHome{end: end}
	h.parts.Go(func() {
		_ = t.Run(alive) // what is wrong is seen in dialling
		os.RemoveAll(run)
	})
	if err := h.dial(ctx, t, pairing); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// dial waits for Tor, and tries until the box's Tor knows the new home.
func (h *secondHome) dial(ctx context.Context, t *tor.Tor, p tunnel.Pairing) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for t.Status().Percent < 100 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.Changed():
		case <-time.After(time.Second):
		}
	}
	for {
		began := time.Now()
		client, err := tunnel.Dial(ctx, t, p, quiet)
		if err == nil {
			h.client, h.dialed = client, time.Since(began)
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
}

func (h *secondHome) close() {
	if h.client != nil {
		h.client.Close()
	}
	h.end()
	h.parts.Wait()
}

// copied is a mirror of the box that is followed over a channel of its own.
type copied struct {
	state    *state.State
	follower *mirror.Follower
	began    time.Time
	end      context.CancelFunc
	parts    sync.WaitGroup
}

// follow begins with nothing.
func (h *secondHome) follow(ctx context.Context, level mirror.Level) (*copied, error) {
	s := state.New(state.Epoch(rand.Uint64() | 1))
	c := &copied{state: s, follower: mirror.NewFollower(s, quiet), began: time.Now()}
	c.follower.SetInterest(level)
	channel, err := h.client.Mirror(ctx)
	if err != nil {
		return nil, err
	}
	ctx, c.end = context.WithCancel(ctx)
	c.parts.Go(func() { _ = c.follower.Run(ctx, channel) }) // what is wrong is seen in waiting
	return c, nil
}

func (c *copied) close() {
	c.end()
	c.parts.Wait()
}

// until waits until f is true of the state, and returns when that was.
func (c *copied) until(ctx context.Context, f func() bool) (time.Time, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("what was waited for did not reach home"))
	defer cancel()
	for {
		changed := c.state.Changed()
		if f() {
			return time.Now(), nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		case <-changed:
		}
	}
}

// whole waits for n complete torrents, about: they come and go.
func (c *copied) whole(ctx context.Context) (time.Time, error) {
	return c.until(ctx, func() bool { return c.follower.Stats().Snapshots > 0 })
}
