package tor

import (
	"fmt"
	"strconv"
	"strings"
)

// phase is a bootstrap status: control-spec, section "Bootstrap phases".
type phase struct {
	percent int
	summary string
	warning string // why it does not get further, in tor's words
}

// watch asks for events on c, which nothing else uses, until the connection
// ends, whose error it returns. It calls onPhase for the bootstrap, and
// onForgotten when Tor has dropped the keys that it was given: it does on
// NEWNYM, which any user of an existing Tor may send.
func watch(c *controller, onPhase func(phase), onForgotten func() error) error {
	// Subscribed first and asked after: an event between the two is older than
	// the answer, and one after it is read below.
	if _, err := c.command("SETEVENTS STATUS_CLIENT SIGNAL"); err != nil {
		return err
	}
	now, err := c.info("status/bootstrap-phase")
	if err != nil {
		return err
	}
	if p, ok := parsePhase(now); ok {
		onPhase(p)
	}
	for {
		event, err := c.tor.ReadResponse()
		if err != nil {
			return fmt.Errorf("tor's control connection ended: %w", err)
		}
		status, _ := strings.CutPrefix(event.Reply, "STATUS_CLIENT ")
		if p, ok := parsePhase(status); ok {
			onPhase(p)
		}
		if event.Reply == "SIGNAL NEWNYM" {
			if err := onForgotten(); err != nil {
				return err
			}
		}
	}
}

// parsePhase reads `NOTICE BOOTSTRAP PROGRESS=50 TAG=… SUMMARY="…"`. ok is false
// for any other status.
func parsePhase(s string) (p phase, ok bool) {
	severity, rest, _ := strings.Cut(s, " ")
	action, rest, _ := strings.Cut(rest, " ")
	switch {
	case severity != "NOTICE" && severity != "WARN" && severity != "ERR":
		return phase{}, false
	case action != "BOOTSTRAP":
		return phase{}, false
	}
	args := parseArguments(rest)
	percent, err := strconv.Atoi(args["PROGRESS"])
	if err != nil || percent < 0 || percent > ready {
		return phase{}, false
	}
	return phase{percent, args["SUMMARY"], args["WARNING"]}, true
}

// parseArguments reads KEY=value and KEY="quoted value" pairs; the first of a
// key counts and what is neither is passed over.
func parseArguments(s string) map[string]string {
	args := make(map[string]string)
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		word := s
		if end := strings.IndexAny(s, " ="); end >= 0 {
			word = s[:end]
		}
		s = s[len(word):]
		if !strings.HasPrefix(s, "=") {
			continue
		}
		var value string
		value, s = cutValue(s[1:])
		if _, twice := args[word]; !twice {
			args[word] = value
		}
	}
	return args
}

// cutValue takes a value off the front of s. Inside quotes a backslash stands
// before a quote or another backslash: control-spec, "QuotedString".
func cutValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, " ")
		return value, rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
