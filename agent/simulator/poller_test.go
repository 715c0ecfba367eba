package simulator_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"offing/agent/internal/poll"
	"offing/agent/internal/transmission"
	"offing/agent/simulator"
	"offing/tunnel/mirror"
	"offing/tunnel/state"
)

type noHost struct{}

func (noHost) Sample(context.Context, string) (state.Host, error) { return state.Host{}, nil }

// watch starts a poller that watches the box, and waits for its first list.
func watch(t *testing.T, box *simulator.Simulator) (*poll.Poller, *state.State) {
	t.Helper()
	srv := httptest.NewServer(box)
	t.Cleanup(srv.Close)
	endpoint, err := transmission.ParseEndpoint(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := transmission.New(transmission.Config{Endpoint: endpoint})
	t.Cleanup(client.Close)
	s := state.New(1)
	p := poll.New(poll.Config{
		State: s, Daemon: client, Host: noHost{}, Log: slog.New(slog.DiscardHandler),
		Active: 10 * time.Millisecond, Idle: time.Minute, Full: 5 * time.Minute,
	})
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { p.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	p.Interest(ctx, mirror.Watching)
	if err := p.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	return p, s
}

// TestPollerFollows: what the poller makes of the answers is what the box is.
func TestPollerFollows(t *testing.T) {
	box := simulator.New(simulator.Config{Torrents: 400, Active: 40, Seed: 11})
	p, s := watch(t, box)
	for range 20 {
		box.Step(time.Second)
		if err := p.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		compare(t, box, s)
	}
}

func compare(t *testing.T, box *simulator.Simulator, s *state.State) {
	t.Helper()
	truth := box.Torrents()
	if n := s.Totals().Torrents; int(n) != len(truth) {
		t.Fatalf("%d torrents, want %d", n, len(truth))
	}
	for _, want := range truth {
		got, _ := s.Get(want.Hash)
		// The box's clock is not that of the poller, and goes faster.
		now := time.Now().Unix()
		seconds := want.SeedTime(box.Now().Unix())
		if off := got.SeedTime(now) - seconds; off < -120 || off > 120 {
			t.Fatalf("%d seconds a seed, want %d: %+v, want %+v", got.SeedTime(now), seconds, got, want)
		}
		got.Seeded = want.Seeded
		if diff := state.Diff(&got, &want); diff != 0 {
			t.Fatalf("fields %b differ: %+v, want %+v", diff, got, want)
		}
	}
}

// TestPollerOverRestart: a daemon that has just started answers for a moment as
// if it had no torrents, in both generations. That must not empty the pages.
func TestPollerOverRestart(t *testing.T) {
	box := simulator.New(simulator.Config{Torrents: 400, Active: 40, Seed: 12})
	p, s := watch(t, box)
	box.Restart() // and its clock stands still, so that it is loading
	for range 3 {
		if err := p.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.Totals().Torrents; n != 400 {
			t.Errorf("%d torrents are left while the daemon loads its 400", n)
		}
	}
	box.Step(2 * time.Second)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err := p.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.Get(box.Torrents()[0].Hash); got.Uploaded == box.Torrents()[0].Uploaded {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the poller does not see what the daemon has loaded")
		}
	}
	compare(t, box, s)
}
