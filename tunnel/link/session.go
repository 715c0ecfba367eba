package link

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Exit statuses of commands that are not run (as in POSIX shells).
const (
	exitNoShell = 1
	exitUnknown = 127
)

// session is one channel of a plain ssh. At most one command runs in it.
type session struct {
	conn    *serverConn
	channel ssh.Channel
}

// serveSession answers a session's requests to their end (RFC 4254, section 6).
// There is one thing to ask for, exec; shell is answered with a word of advice,
// because that is what a person gets who gives no command.
func (c *serverConn) serveSession(ctx context.Context, channel ssh.Channel, requests <-chan *ssh.Request) {
	ctx, cancel := context.WithCancel(ctx)
	s := &session{c, channel}
	var command sync.WaitGroup
	started := false
	for r := range requests {
		run := s.command(r)
		if run == nil || started {
			_ = r.Reply(false, nil)
			continue
		}
		started = true
		_ = r.Reply(true, nil)
		command.Go(func() { s.finish(run(ctx)) })
	}
	cancel() // the peer has closed the channel: nobody waits for an answer
	command.Wait()
	channel.Close()
}

// command returns what a request asks to run, or nil when it is refused.
func (s *session) command(r *ssh.Request) func(context.Context) int {
	switch r.Type {
	case "exec":
		var exec struct{ Command string }
		if ssh.Unmarshal(r.Payload, &exec) != nil {
			return nil
		}
		return func(ctx context.Context) int { return s.exec(ctx, exec.Command) }
	case "shell":
		return s.noShell
	}
	return nil
}

func (s *session) exec(ctx context.Context, command string) int {
	words, err := parseWords(command)
	if err != nil {
		fmt.Fprintln(s.channel.Stderr(), err)
		return exitUnknown
	}
	return s.conn.server.cfg.Exec(ctx, words, s.channel, s.channel.Stderr())
}

func (s *session) noShell(ctx context.Context) int {
	fmt.Fprintln(s.channel.Stderr(), "There is no shell here; give a command, as in: ssh … status")
	s.conn.server.cfg.Exec(ctx, nil, s.channel, s.channel.Stderr())
	return exitNoShell
}

// finish reports the exit status and closes the channel, in the order of
// OpenSSH's own server, so that its client prints everything before it ends.
func (s *session) finish(exit int) {
	status := struct{ Status uint32 }{uint32(exit)}
	_ = s.channel.CloseWrite()
	_, _ = s.channel.SendRequest("exit-status", false, ssh.Marshal(&status))
	_ = s.channel.Close()
}
