package link

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// echo checks that a channel carries bytes both ways.
func echo(t *testing.T, rw io.ReadWriter, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if _, err := io.WriteString(rw, text); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(rw, got); err != nil || string(got) != text {
		t.Errorf("%q came back, %v", got, err)
	}
}

// Commands have a channel of their own beside the mirror, and the box knows whose.
func TestCommandChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		c := b.mustConnect("circuit-1")
		mirror, err := c.Mirror(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rw, err := c.Command(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		echo(t, rw, "stop")
		echo(t, mirror, "state")
		if peers := b.seenPeers(); len(peers) != 2 || !peers[1].Key.Equal(public(b.owner)) || peers[1].Name != "owner" {
			t.Errorf("the box saw %+v", peers)
		}
		rw.Close()
		echo(t, mirror, "and on")
		wantStatus(t, c)
	})
}

// The channel ends with its context, and with the connection.
func TestCommandChannelEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		c := b.mustConnect("circuit-1")
		ctx, cancel := context.WithCancel(t.Context())
		first, err := c.Command(ctx)
		if err != nil {
			t.Fatal(err)
		}
		second, err := c.Command(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := first.Read(make([]byte, 1)); err == nil {
			t.Error("a channel whose context has ended goes on")
		}
		echo(t, second, "on")
		c.Close()
		if _, err := second.Read(make([]byte, 1)); err == nil {
			t.Error("a channel whose connection has ended goes on")
		}
		if _, err := c.Command(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("a channel of a closed line: %v", err)
		}
	})
}

// An agent of before there were commands is told apart from one that is in trouble.
func TestOldAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, func(cfg *ServerConfig) { cfg.Command = nil; cfg.MaxChannels = 1 })
		c := b.mustConnect("circuit-1")
		if _, err := c.Command(t.Context()); !errors.Is(err, ErrNoCommands) || !strings.Contains(err.Error(), "update the agent") {
			t.Errorf("an old agent: %v", err)
		}
		if _, err := c.Mirror(t.Context()); err != nil {
			t.Errorf("its mirror: %v", err)
		}
		b = newBox(t, func(cfg *ServerConfig) { cfg.MaxChannels = 1 })
		c = b.mustConnect("circuit-1")
		if _, err := c.Mirror(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Command(t.Context()); err == nil || errors.Is(err, ErrNoCommands) {
			t.Errorf("an agent without room: %v", err)
		}
	})
}
