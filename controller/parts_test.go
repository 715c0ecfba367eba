package controller

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// endings records in which order parts end.
type endings []string

// part returns one that runs until it is stopped, and then returns err.
func (e *endings) part(name string, err error) part {
	return part{name, func(ctx context.Context) error {
		<-ctx.Done()
		*e = append(*e, name)
		return err
	}}
}

func TestPartsStopInReverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order endings
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- runParts(ctx, []part{order.part("a", nil), order.part("b", nil), order.part("c", nil)})
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil || !slices.Equal(order, []string{"c", "b", "a"}) {
			t.Errorf("ended %v, %v", order, err)
		}
	})
}

func TestPartsEndTogether(t *testing.T) {
	broken, late := errors.New("broken"), errors.New("late")
	for name, c := range map[string]struct {
		run  func(context.Context) error
		want string
	}{
		"with an error":    {func(context.Context) error { return broken }, "b: broken"},
		"without an error": {func(context.Context) error { return nil }, "b: stopped by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var order endings
				err := runParts(t.Context(), []part{order.part("a", late), {"b", c.run}, order.part("c", nil)})
				if !slices.Equal(order, []string{"c", "a"}) {
					t.Errorf("ended %v", order)
				}
				if err == nil || !errors.Is(err, late) || !strings.HasPrefix(err.Error(), c.want+"\n") {
					t.Errorf("got %v, want %q and what came after", err, c.want)
				}
			})
		})
	}
}

func TestSystemdIsTold(t *testing.T) {
	path := filepath.Join(scratch(t), "notify")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	h := start(t, valid(t))
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		word := make([]byte, 64)
		n, err := systemd.Read(word)
		if err != nil || string(word[:n]) != want {
			t.Fatalf("got %q, %v, want %s", word[:n], err, want)
		}
		h.cancel()
	}
	if err := h.stop(); err != nil {
		t.Error(err)
	}
}

// That nobody hears it must not stop the controller.
func TestSystemdIsDeaf(t *testing.T) {
	c := &Controller{notify: filepath.Join(scratch(t), "nobody"), log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.notifySystemd(ctx); err != nil {
		t.Error(err)
	}
}
