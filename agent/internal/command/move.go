package executor

import (
	"context"
	"path/filepath"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/command"
)

// move has content moved, or found, and waits until it is there. The daemon says
// that it begins and then does not answer until it is done, or answers and goes on.
func (t *task) move(ctx context.Context, b *part, dir string) error {
	there := func(k transmission.Known) bool { return filepath.Clean(k.Dir) == dir }
	hashes := b.there(there)
	if len(hashes) == 0 {
		return nil
	}
	if err := t.cfg.Daemon.SetLocation(ctx, hashes, dir, !t.entry.command.Move.Find); err != nil {
		return err
	}
	for pause, begun := firstPause, time.Now(); ; pause = min(2*pause, longPause) {
		known, _, err := t.cfg.Daemon.Find(ctx, hashes)
		left := hashes[:0:0]
		for _, h := range hashes {
			if k, ok := known[h]; err != nil || ok && !there(k) {
				left = append(left, h)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if hashes = left; time.Since(begun) > moveLimit {
			break
		}
		if !wait(ctx, pause) {
			return errStopped
		}
	}
	for _, h := range hashes {
		b.faults[h] = &command.Fault{Code: command.DaemonRefused, Text: "the daemon has not moved it yet: look for its error, and whether the folder can be written to"}
	}
	return nil
}
