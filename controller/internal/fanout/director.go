package fanout

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"offing/controller/internal/hub"
)

// command is a line of the driver. scripts/offing-bench/fanout says what the
// operations mean.
type command struct {
	Op       string        `json:"op"`
	Topics   int           `json:"topics"`
	Ticks    int           `json:"ticks"`
	Size     int           `json:"size"` // bytes of an object
	Interval time.Duration `json:"interval"`
	Rows     int           `json:"rows"`     // that change at a tick
	Stamp    bool          `json:"stamp"`    // say in the rows when
	Tickets  int           `json:"tickets"`  // to be made
	Sessions int           `json:"sessions"` // that they are of
}

// answer answers each command.
type answer struct {
	usage
	Tickets []string `json:"tickets,omitempty"`
	Encoded int64    `json:"encoded"` // updates turned into frames so far
}

// director does what the driver says.
type director struct {
	show   *show
	box    *box
	people *people
	hub    *hub.Hub
	out    *json.Encoder
}

// obey says where the page is, and answers until in ends.
func (d *director) obey(ctx context.Context, in io.Reader, url string) error {
	if err := d.out.Encode(map[string]string{"listen": strings.TrimPrefix(url, "http://"), "path": "/api/v1/ws"}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return fmt.Errorf("command: %w", err)
		}
		a, err := d.do(ctx, &c)
		if err == nil {
			err = d.out.Encode(a)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

func (d *director) do(ctx context.Context, c *command) (a answer, err error) {
	switch c.Op {
	case "usage":
	case "settle":
		debug.FreeOSMemory() // collects garbage first
	case "publish":
		c.each(func() { d.publish(c) })
	case "change":
		c.each(func() { d.box.change(c.Rows, c.Stamp) })
	case "tickets":
		if a.Tickets, err = d.people.tickets(ctx, c.Tickets, c.Sessions); err != nil {
			return a, err
		}
	default:
		return a, fmt.Errorf("unknown operation %q", c.Op)
	}
	a.usage, err = use()
	a.Encoded = d.hub.Stats().Encoded
	return a, err
}

// each calls f at each tick.
func (c *command) each(f func()) {
	ticks := time.NewTicker(c.Interval)
	defer ticks.Stop()
	for range c.Ticks {
		<-ticks.C
		f()
	}
}

// publish puts an object that says when it was made onto each board.
func (d *director) publish(c *command) {
	for _, b := range d.show.boards[:min(c.Topics, maxBoards)] {
		members := strconv.AppendInt([]byte(`"at":`), time.Now().UnixNano(), 10)
		members = append(members, `,"pad":"`...)
		members = append(members, strings.Repeat("x", max(0, c.Size-len(members)-3))...)
		b.put(append(members, '"'))
	}
}
