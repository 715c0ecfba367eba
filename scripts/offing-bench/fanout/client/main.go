// Command client is the readers of the fan-out benchmark: many WebSockets in one
// process that does as little as it can with what comes, and the same for all
// servers.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"offing/scripts/offing-bench/fanout"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run() error {
	r, err := newReader()
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- r.run() }()
	obeyed := make(chan error, 1)
	go func() { obeyed <- obey(r) }()
	select {
	case err := <-failed:
		return err
	case err := <-obeyed:
		return err
	}
}

// obey does what the driver wants until that is gone.
func obey(r *reader) error {
	lines, answers := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	lines.Buffer(nil, 1<<24) // thousands of tickets
	for lines.Scan() {
		var o fanout.Order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		switch o.Op {
		case "connect":
			if err := connect(r, o.Connect); err != nil {
				return err
			}
		case "reset":
			r.reset()
		case "count", "seen", "keep":
		default:
			return fmt.Errorf("unknown operation %q", o.Op)
		}
		if err := answers.Encode(r.answer(o.Op)); err != nil {
			return err
		}
	}
	return lines.Err()
}
