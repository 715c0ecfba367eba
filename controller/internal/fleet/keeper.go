package fleet

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/link"
	"offing/tunnel/mirror"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// keeper keeps the line to one box.
type keeper struct {
	name     string
	file     pairingFile
	state    *state.State
	follower *mirror.Follower
	outbox   *command.Outbox // outlives the keeper
	changed  func()
	log      *slog.Logger
	stop     context.CancelFunc // ends run; guarded by Fleet.mu

	pairing tunnel.Pairing
	paired  bool // pairing was read

	mu         sync.Mutex
	status     tunnel.Status
	noCommands string // see Box
}

func newKeeper(name string, file pairingFile, outbox *command.Outbox, changed func(), log *slog.Logger) *keeper {
	s := state.New(newEpoch())
	k := &keeper{
		name: name, file: file, state: s, follower: mirror.NewFollower(s, log), outbox: outbox,
		changed: changed, log: log, stop: func() {},
		status: tunnel.Status{State: tunnel.Starting, Since: time.Now()},
	}
	pairing, err := file.pairing()
	if err != nil {
		text := fmt.Sprintf("the pairing file %s cannot be used: %v; pair the box again with `offing box add %s`", file.path, err, name)
		k.status.State, k.status.Reason = tunnel.Down, tunnel.Reason{Code: "bad-pairing", Text: text}
		return k
	}
	k.pairing, k.paired = pairing, true
	return k
}

// newEpoch returns a random epoch that is not zero.
func newEpoch() state.Epoch {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see its documentation
	return state.Epoch(binary.LittleEndian.Uint64(b[:]) | 1)
}

// run keeps the line up until ctx ends.
func (k *keeper) run(ctx context.Context, dialer tunnel.Dialer) {
	if !k.paired {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { k.relay(ctx) })
	tunnel.Keep(ctx, dialer, k.pairing, k.follow, k.report, k.log)
	wg.Wait()
}

// follow mirrors the box over one connection, and carries commands to it, until
// either ends.
func (k *keeper) follow(ctx context.Context, client *link.Client) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error {
		channel, err := client.Mirror(ctx)
		if err != nil {
			return fmt.Errorf("open the mirror: %w", err)
		}
		return ended(k.follower.Run(ctx, channel))
	})
	both.Go(func() error { return k.command(ctx, client) })
	return both.Wait()
}

// ended makes an error of the end of what has ended without one, so that the other
// of the two ends too.
func ended(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// command carries commands to the box. An agent that does not take them, or not these,
// is followed all the same.
func (k *keeper) command(ctx context.Context, client *link.Client) error {
	channel, err := client.Command(ctx)
	if err == nil {
		k.setNoCommands("")
		err = ended(k.outbox.Run(ctx, channel))
	}
	switch {
	case errors.Is(err, link.ErrNoCommands):
		k.setNoCommands("the agent on the box is too old to take commands: update the agent on the box")
	case errors.Is(err, command.ErrVersion):
		k.setNoCommands(err.Error())
	default:
		return err
	}
	k.log.Warn("the box takes no commands", "error", err)
	return nil
}

func (k *keeper) setNoCommands(why string) {
	k.mu.Lock()
	changed := k.noCommands != why
	k.noCommands = why
	k.mu.Unlock()
	if changed {
		k.changed()
	}
}

// relay passes on that the state has changed.
func (k *keeper) relay(ctx context.Context) {
	for {
		changed := k.state.Changed()
		k.changed()
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// relayDetails calls changed when there are newer details of any open torrent.
func (k *keeper) relayDetails(ctx context.Context, changed func()) {
	for {
		news := k.follower.DetailChanged()
		changed()
		select {
		case <-ctx.Done():
			return
		case <-news:
		}
	}
}

func (k *keeper) report(s tunnel.Status) {
	k.mu.Lock()
	k.status = s
	k.mu.Unlock()
	k.changed()
}

func (k *keeper) up() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status.State == tunnel.Up
}

func (k *keeper) box() Box {
	k.mu.Lock()
	s, why := k.status, k.noCommands
	k.mu.Unlock()
	if s.State != tunnel.Up {
		why = "" // it may be another agent that comes back
	}
	return Box{Name: k.name, State: k.state, NoCommands: why, Line: report.Line{
		State: string(s.State), Since: s.Since, Code: s.Reason.Code, Reason: s.Reason.Text,
		RTTMS: s.RTT.Milliseconds(),
	}}
}
