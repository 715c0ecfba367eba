package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"offing/controller"
	"offing/tunnel/tor"
)

// withTor runs use with a Tor of its own, or with the existing one that the
// configuration names, and returns when both are over. When Tor ends before use
// does, its error is the one returned.
func withTor(ctx context.Context, cfg *controller.Config, log *slog.Logger, tell func(string), use func(context.Context, *tor.Tor) error) error {
	data, release, err := dataDir(filepath.Join(cfg.State, "direct"))
	if err != nil {
		return err
	}
	defer release()
	// Not below STATE: the path of a Unix socket has to be short.
	run, err := os.MkdirTemp("", "offing-")
	if err != nil {
		return fmt.Errorf("make a folder for Tor's sockets: %w", err)
	}
	defer os.RemoveAll(run)
	t, err := tor.New(tor.Config{
		Binary: cfg.Tor.Binary, DataDir: data, RunDir: run,
		Control: cfg.Tor.Control, SOCKS: cfg.Tor.SOCKS,
		Bridges: cfg.Tor.Bridges, Transports: cfg.Tor.Transports, Extra: cfg.Tor.Extra,
		Client: true, Log: log,
	})
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := t.Run(ctx); err != nil {
			end(err)
		}
	})
	parts.Go(func() { follow(ctx, t, tell) })
	err = use(ctx, t)
	failure := context.Cause(ctx)
	end(nil)
	parts.Wait()
	if err != nil && failure != nil && !errors.Is(failure, context.Canceled) {
		return failure
	}
	return err
}

// follow tells how far the bootstrap is, until Tor is ready or ctx ends.
func follow(ctx context.Context, t *tor.Tor, tell func(string)) {
	for {
		changed := t.Changed()
		s := t.Status()
		if s.Percent >= 100 {
			return
		}
		tell(fmt.Sprintf("starting Tor: %d %%, %s", s.Percent, s.Summary))
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// dataDir returns a folder for Tor's data: the one in dir, which is kept so that
// the next start is quick, or a new one while another command uses that.
func dataDir(dir string) (data string, release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("make a folder for Tor: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", nil, fmt.Errorf("make a folder for Tor: %w", err)
	}
	if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		return filepath.Join(dir, "tor"), func() { lock.Close() }, nil
	}
	lock.Close()
	if data, err = os.MkdirTemp(dir, "tor-"); err != nil {
		return "", nil, fmt.Errorf("make a folder for Tor: %w", err)
	}
	return data, func() { os.RemoveAll(data) }, nil
}
