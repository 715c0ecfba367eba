package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxOutput bounds what Exec collects, in bytes.
const maxOutput = 16 << 20

// What the box can do wrong in Exec.
var (
	errRefused  = errors.New("the box refuses to run commands")
	errOutput   = fmt.Errorf("the box answered with more than %d MiB", maxOutput>>20)
	errNoStatus = errors.New("the command ended without an exit status")
)

// Exec runs one of the box's commands and returns what it printed, at most
// 16 MiB, and its exit status. What it wrote to its standard error is for
// people with a plain ssh, and dropped. A status other than 0 is no error.
func (c *Client) Exec(ctx context.Context, command string) (stdout []byte, exit int, err error) {
	channel, requests, err := c.open(ctx, "session")
	if err != nil {
		return nil, 0, err
	}
	type outcome struct {
		stdout []byte
		exit   int
		err    error
	}
	done := make(chan outcome, 1)
	started := c.start(func() {
		stdout, exit, err := run(channel, requests, command)
		done <- outcome{stdout, exit, err}
	})
	if !started {
		return nil, 0, c.Err()
	}
	select {
	case o := <-done:
		if o.err != nil {
			return nil, 0, c.channelError(o.err)
		}
		return o.stdout, o.exit, nil
	case <-ctx.Done():
		channel.Close() // run returns when the box has answered, or the connection has ended
		return nil, 0, ctx.Err()
	}
}

// run runs a command in a session channel until both ends have closed it.
func run(channel ssh.Channel, requests <-chan *ssh.Request, command string) ([]byte, int, error) {
	status := readExitStatus(requests)
	defer status.wait()
	defer channel.Close()
	request := struct{ Command string }{command}
	ok, err := channel.SendRequest("exec", true, ssh.Marshal(&request))
	if err != nil {
		return nil, 0, err
	}
	if !ok {
		return nil, 0, errRefused
	}
	stdout, err := collect(channel)
	if err != nil {
		return nil, 0, err
	}
	exit, known := status.wait()
	if !known {
		return nil, 0, errNoStatus
	}
	return stdout, exit, nil
}

// collect reads both outputs to their end: one that nobody reads would stop the
// command when the channel's window is full.
func collect(channel ssh.Channel) ([]byte, error) {
	var drain sync.WaitGroup
	drain.Go(func() { _, _ = io.Copy(io.Discard, channel.Stderr()) })
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(channel, maxOutput+1))
	if n > maxOutput {
		channel.Close()
		_, _ = io.Copy(io.Discard, channel)
		err = errOutput
	}
	drain.Wait()
	return out.Bytes(), err
}

// exitStatus reads a session's requests to their end and keeps the exit status.
type exitStatus struct {
	reading sync.WaitGroup
	status  uint32
	known   bool
}

func readExitStatus(requests <-chan *ssh.Request) *exitStatus {
	e := &exitStatus{}
	e.reading.Go(func() {
		for r := range requests {
			var exit struct{ Status uint32 }
			if r.Type == "exit-status" && ssh.Unmarshal(r.Payload, &exit) == nil {
				e.status, e.known = exit.Status, true
			}
			_ = r.Reply(false, nil)
		}
	})
	return e
}

// wait waits for the channel to be closed by both ends.
func (e *exitStatus) wait() (int, bool) {
	e.reading.Wait()
	return int(e.status), e.known
}
