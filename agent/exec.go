package agent

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"offing/tunnel/report"
)

const (
	exitUnknown = 127             // for a command that does not exist, as in POSIX shells
	staleAfter  = 2 * time.Second // figures older than this are renewed for a plain ssh
	renewWithin = 5 * time.Second // which waits no longer than this for them
)

const execUsage = "commands: status, list, version; each takes --json"

// exec runs one command of a plain ssh. There are three, and no others ever
// reach anything that could run them.
func (s *service) exec(ctx context.Context, words []string, stdout, stderr io.Writer) int {
	command, asJSON, ok := parse(words)
	if ok {
		switch command {
		case "status":
			s.renew(ctx)
			return write(report.Status(s.state, time.Now()), asJSON, stdout)
		case "list":
			s.renew(ctx)
			return write(report.List(s.state, time.Now()), asJSON, stdout)
		case "version":
			if report.BuildOf(debug.ReadBuildInfo()).Write(stdout, "offing-agent", asJSON) != nil {
				return report.ExitUnreachable // nobody reads it
			}
			return report.ExitWell
		}
	}
	fmt.Fprintln(stderr, execUsage)
	return exitUnknown
}

func parse(words []string) (command string, asJSON, ok bool) {
	switch {
	case len(words) == 1:
		return words[0], false, true
	case len(words) == 2 && words[1] == "--json":
		return words[0], true, true
	}
	return "", false, false
}

// renew has the daemon asked before a report is made of figures that nobody has
// looked at for a while. When that takes too long they are reported as they
// are: they say their age.
func (s *service) renew(ctx context.Context) {
	if time.Since(s.state.Fresh()) < staleAfter {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	if err := s.poller.Refresh(ctx); err != nil {
		s.log.Debug("figures are old", "error", err)
	}
}

// write writes a report and returns the exit status that it stands for.
func write(b *report.Box, asJSON bool, to io.Writer) int {
	var err error
	if asJSON {
		err = report.WriteJSON(to, b)
	} else {
		err = b.WriteText(to, report.TextOptions{})
	}
	if err != nil {
		return report.ExitUnreachable // nobody reads it
	}
	return b.ExitStatus()
}
