package lab

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

// home is a follower of a box, and the line between them.
type home struct {
	b        *box
	source   mirror.Source
	state    *state.State
	follower *mirror.Follower
	down, up *stream
	cancel   context.CancelFunc
	ends     sync.WaitGroup
}

func (b *box) newHome(level mirror.Level) *home {
	b.epoch++
	quiet := slog.New(slog.DiscardHandler)
	h := &home{b: b, state: state.New(0x40 + b.epoch), source: mirror.Source{State: b.state, Log: quiet}}
	h.follower = mirror.NewFollower(h.state, quiet)
	h.follower.SetInterest(level)
	return h
}

// connect opens a line of so many bytes a second, 0 for any number.
func (h *home) connect(rate int, oneWay time.Duration) {
	ctx, cancel := context.WithCancel(h.b.t.Context())
	h.cancel = cancel
	h.down, h.up = newStream(rate, oneWay), newStream(rate, oneWay)
	h.ends.Go(func() { _ = h.source.Run(ctx, &end{in: h.up, out: h.down}) })
	h.ends.Go(func() { _ = h.follower.Run(ctx, &end{in: h.down, out: h.up}) })
}

func (h *home) close() {
	h.cancel()
	h.ends.Wait()
}

// equal proves that what was measured has also arrived.
func (h *home) equal() {
	h.b.t.Helper()
	if _, want := h.b.state.Checksum(); h.sum() != want {
		h.b.t.Fatalf("home has other torrents than the box: %+v, %+v", h.state.Totals(), h.b.state.Totals())
	}
	if s := h.follower.Stats(); s.Resyncs != 0 {
		h.b.t.Fatalf("%d resyncs", s.Resyncs)
	}
}

func (h *home) sum() uint64 {
	_, sum := h.state.Checksum()
	return sum
}
