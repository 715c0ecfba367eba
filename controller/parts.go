package controller

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
)

// part is something that runs until its context ends.
type part struct {
	name string
	run  func(context.Context) error
}

// runParts starts the parts in order. When ctx ends, or as soon as one of them
// returns, it stops them in the reverse of it, each after the one before has
// returned. The error is what they returned, nil when ctx ended and all went well.
func runParts(ctx context.Context, parts []part) error {
	returned := make(chan error, len(parts))
	var stops []func()
	for _, p := range parts {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() {
			defer close(done)
			err := p.run(own)
			if err == nil && own.Err() == nil {
				err = errors.New("stopped by itself")
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", p.name, err)
			}
			returned <- err
		}()
		stops = append(stops, func() { cancel(); <-done })
	}
	var err error
	running := len(parts)
	select {
	case <-ctx.Done():
	case err = <-returned:
		running--
	}
	for _, stop := range slices.Backward(stops) {
		stop()
	}
	for range running {
		err = errors.Join(err, <-returned)
	}
	return err
}

// notifySystemd says that the controller is ready and later that it stops, as
// sd_notify(3) describes it, if systemd wants to know.
func (c *Controller) notifySystemd(ctx context.Context) error {
	c.tellSystemd("READY=1")
	<-ctx.Done()
	c.tellSystemd("STOPPING=1")
	return nil
}

func (c *Controller) tellSystemd(state string) {
	if c.notify == "" {
		return
	}
	conn, err := net.Dial("unixgram", c.notify)
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close() // a datagram has been sent by now or not
	}
	if err != nil {
		c.log.Warn("systemd could not be told", "state", state, "err", err)
	}
}
