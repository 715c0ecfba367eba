package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"offing/tunnel/report"
)

// lookEvery is the pause between two looks of a watch.
const lookEvery = time.Second

// Control sequences: xterm's "ctlseqs", and ECMA-48 for the short ones.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l" // the alternate screen, without a cursor
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	clearLine   = "\x1b[K" // to the end of the line
	clearBelow  = "\x1b[J"
)

// watch looks every second until ctx ends, which is how one leaves it. The first
// look must succeed; a later one that does not is shown in its turn.
func (a *app) watch(ctx context.Context, f statusFlags, ask asker) error {
	boxes, err := ask(ctx)
	if err != nil {
		return err
	}
	show := func(boxes []report.Box, err error) error { return a.append(boxes, err, f.json) }
	if !f.json && screenOf(a.stdout).terminal {
		if _, err := a.stdout.WriteString(enterScreen); err != nil {
			return err
		}
		defer a.stdout.WriteString(leaveScreen)
		show = a.redraw
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := show(boxes, err); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if boxes, err = ask(ctx); ctx.Err() != nil {
			return nil
		}
	}
}

// append writes a look below the last.
func (a *app) append(boxes []report.Box, err error, asJSON bool) error {
	if err != nil {
		fmt.Fprintln(a.stderr, "offing: "+err.Error())
		return nil
	}
	if err := a.write(boxes, asJSON); err != nil || asJSON {
		return err
	}
	_, err = fmt.Fprintln(a.stdout)
	return err
}

// redraw writes a look over the last in one piece, each line over the same one,
// so that nothing flickers.
func (a *app) redraw(boxes []report.Box, failure error) error {
	s := screenOf(a.stdout)
	var text bytes.Buffer
	if failure != nil {
		fmt.Fprintln(&text, "offing: "+failure.Error())
	} else if err := writeText(&text, boxes, s.share(len(boxes))); err != nil {
		return err
	}
	_, err := a.stdout.WriteString(frame(text.String(), s.height))
	return err
}

// frame turns text into a screenful of at most height lines.
func frame(text string, height int) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if height > 0 && len(lines) > height {
		lines = lines[:height]
	}
	return home + strings.Join(lines, clearLine+"\n") + clearLine + clearBelow
}

// aroundRows is about how many lines of a box are not rows of torrents.
const aroundRows = 9

// share gives each of n boxes its part of the screen's lines.
func (s screen) share(n int) report.TextOptions {
	o := s.options()
	if s.height > 0 && n > 0 {
		o.MaxRows = max(s.height/n-aroundRows, 2)
	}
	return o
}
