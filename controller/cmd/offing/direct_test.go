package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel"
	"offing/tunnel/link"
	"offing/tunnel/report"
	"offing/tunnel/tor"
)

// fakeBox is an SSH server that answers `status --json`, and the way to it.
type fakeBox struct {
	pairing tunnel.Pairing
	socket  string
	fails   []error // of the next dials, before one succeeds
	dials   int
	words   [][]string // that were run
	answer  func(stdout io.Writer) int
}

// newFakeBox serves until the test is over.
func newFakeBox(t *testing.T) *fakeBox { return newCommandedBox(t, nil) }

// newCommandedBox is newFakeBox with a command channel.
func newCommandedBox(t *testing.T, commands func(context.Context, link.Peer, io.ReadWriteCloser) error) *fakeBox {
	t.Helper()
	public, hostKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &fakeBox{pairing: tunnel.Pairing{Address: addressOf(public), HostKey: public, Secret: [32]byte{7}}}
	b.answer = func(stdout io.Writer) int {
		_ = json.NewEncoder(stdout).Encode(report.Box{Daemon: report.Daemon{State: "ok"}, Trouble: []string{"a"}, Torrents: []report.Torrent{}})
		return report.ExitTrouble
	}
	login := b.pairing.Login().Public().(ed25519.PublicKey)
	server, err := link.NewServer(link.ServerConfig{
		HostKey:   hostKey,
		Authorize: func(key ed25519.PublicKey) (string, bool) { return "home", key.Equal(login) },
		Command:   commands,
		Mirror:    func(context.Context, link.Peer, io.ReadWriteCloser) error { return errors.New("not here") },
		Exec: func(_ context.Context, words []string, stdout, _ io.Writer) int {
			b.words = append(b.words, words)
			return b.answer(stdout)
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.socket = filepath.Join(scratch(t), "box")
	listener, err := net.Listen("unix", b.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	t.Cleanup(func() { cancel(); <-done })
	return b
}

// Dial implements tunnel.Dialer.
func (b *fakeBox) Dial(ctx context.Context, _ string, to tor.Address, _ int) (net.Conn, error) {
	b.dials++
	if len(b.fails) > 0 {
		err := b.fails[0]
		b.fails = b.fails[1:]
		return nil, err
	}
	if to != b.pairing.Address {
		return nil, tor.ErrDescriptorNotFound
	}
	return (&net.Dialer{}).DialContext(ctx, "unix", b.socket)
}

// direct returns what would ask the box, without pauses.
func (b *fakeBox) direct(t *testing.T) *direct {
	t.Helper()
	d := &direct{
		box: "demo", pairing: b.pairing, dialer: b, timeout: time.Minute,
		tell: func(string) {}, pause: func(context.Context, time.Duration) {}, log: slog.New(slog.DiscardHandler),
	}
	t.Cleanup(d.close)
	return d
}

func TestDirect(t *testing.T) {
	b := newFakeBox(t)
	b.fails = []error{tor.ErrNotReady, fmt.Errorf("dial: %w", tor.ErrDescriptorNotFound), tor.ErrIntroFailed}
	d := b.direct(t)
	for range 2 { // the second question takes the line that is there
		box, err := d.ask(t.Context())
		if err != nil || box.Box != "demo" || box.Line.State != "up" || box.Line.Since.IsZero() || box.ExitStatus() != report.ExitTrouble {
			t.Fatalf("%+v, line %+v, %v", box, box.Line, err)
		}
	}
	if b.dials != 4 || len(b.words) != 2 || !slices.Equal(b.words[1], []string{"status", "--json"}) {
		t.Errorf("%d dials, ran %q", b.dials, b.words)
	}
	d.line.Close() // the line breaks: said once, and mended at the next question
	box, err := d.ask(t.Context())
	if err != nil || box.ExitStatus() != report.ExitUnreachable || box.Line.Reason == "" {
		t.Errorf("after a break: %+v, line %+v, %v", box, box.Line, err)
	}
	if box, err = d.ask(t.Context()); err != nil || box.Line.State != "up" {
		t.Errorf("mended: line %+v, %v", box.Line, err)
	}
}

// TestDirectGivesUp: what trying again cannot help is said at once.
func TestDirectGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fakeBox)
		code   string
	}{
		"wrong host key":  {func(b *fakeBox) { b.pairing.HostKey = pairing(3).HostKey }, "host-key-changed"},
		"revoked":         {func(b *fakeBox) { b.pairing.Secret = [32]byte{8} }, "key-refused"},
		"client auth":     {func(b *fakeBox) { b.fails = []error{tor.ErrClientAuthWrong} }, "client-auth-wrong"},
		"no client auth":  {func(b *fakeBox) { b.fails = []error{tor.ErrClientAuthMissing} }, "client-auth-missing"},
		"no such address": {func(b *fakeBox) { b.fails = []error{tor.ErrBadAddress} }, "bad-address"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newFakeBox(t)
			c.change(b)
			box, err := b.direct(t).ask(t.Context())
			if err != nil || box.Line.Code != c.code || box.ExitStatus() != report.ExitUnreachable || len(box.Trouble) != 1 || b.dials != 1 {
				t.Errorf("line %+v after %d dials, %v", box.Line, b.dials, err)
			}
		})
	}
}

// TestDirectTimesOut: what may pass is tried until the time is over, and then
// the last reason counts.
func TestDirectTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, dialer := range map[string]tunnel.Dialer{
			"onion-not-found": &failing{[]error{tor.ErrNotReady, tor.ErrDescriptorNotFound}},
			"timeout":         &failing{[]error{tor.ErrDescriptorNotFound, context.DeadlineExceeded}},
		} {
			begun := time.Now()
			d := &direct{
				box: "demo", pairing: pairing(1), dialer: dialer, timeout: 2 * time.Minute,
				tell: func(string) {}, pause: wait, log: slog.New(slog.DiscardHandler),
			}
			box, err := d.ask(t.Context())
			if err != nil || box.Line.Code != want || box.ExitStatus() != report.ExitUnreachable {
				t.Errorf("want %s: line %+v, %v", want, box.Line, err)
			}
			if took := time.Since(begun); took != d.timeout {
				t.Errorf("gave up after %v, want %v", took, d.timeout)
			}
		}
	})
}

// failing is a dialer that fails with its errors in turn, with the last again
// and again; context.DeadlineExceeded is one that takes for ever.
type failing struct{ with []error }

// Dial implements tunnel.Dialer.
func (f *failing) Dial(ctx context.Context, _ string, _ tor.Address, _ int) (net.Conn, error) {
	err := f.with[0]
	if len(f.with) > 1 {
		f.with = f.with[1:]
	}
	if errors.Is(err, context.DeadlineExceeded) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, err
}

// TestDirectOfNewPairing: what the directories hold of the box may be older than
// a new pairing, so a refused client authorization passes.
func TestDirectOfNewPairing(t *testing.T) {
	b := newFakeBox(t)
	b.fails = []error{tor.ErrClientAuthWrong, tor.ErrClientAuthMissing}
	d := b.direct(t)
	d.young = true
	if box, err := d.ask(t.Context()); err != nil || box.Line.State != "up" {
		t.Errorf("line %+v, %v", box.Line, err)
	}
}

func TestDirectInterrupted(t *testing.T) {
	d := newFakeBox(t).direct(t)
	d.dialer = &failing{[]error{context.DeadlineExceeded}}
	ctx, cancel := context.WithCancel(t.Context())
	d.tell = func(string) { cancel() }
	if _, err := d.ask(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestDirectOfAnotherVersion(t *testing.T) {
	b := newFakeBox(t)
	b.answer = func(stdout io.Writer) int { fmt.Fprintln(stdout, "hello"); return 0 }
	if _, err := b.direct(t).ask(t.Context()); err == nil {
		t.Error("no error")
	}
}
