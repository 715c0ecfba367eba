package report

import (
	"fmt"

	"offing/tunnel/state"
)

// diskLow is the part of the disk below which free space is trouble.
const diskLow = 0.02

// The exit statuses of every command that reports on a box.
const (
	ExitWell        = 0
	ExitTrouble     = 1 // the box says that something is wrong, or knows nothing yet
	ExitUnreachable = 2 // the figures are old, or there are none
)

// ExitStatus returns the exit status of a command that reports b.
func (b *Box) ExitStatus() int {
	switch {
	case b.Line != nil && b.Line.State != "up":
		return ExitUnreachable
	case len(b.Trouble) > 0 || b.Daemon.State != state.DaemonOK.String():
		return ExitTrouble
	}
	return ExitWell
}

// trouble says what an operator would want to be woken for. A tracker's
// complaint is the tracker's trouble, not the box's, and so is not among it.
// Its sentences are safe to print: what others wrote in them is cleaned.
func trouble(b *Box, daemon state.DaemonState) []string {
	out := []string{}
	if daemon != state.DaemonOK && daemon != state.DaemonUnknown {
		out = append(out, Clean(b.Daemon.Text))
	}
	if b.Host.DiskTotal > 0 && float64(b.Host.DiskFree) < diskLow*float64(b.Host.DiskTotal) {
		out = append(out, "the disk is nearly full: "+Size(b.Host.DiskFree)+" free")
	}
	return append(out, localErrors(b.Torrents)...)
}

// localErrors says of the torrents that the box itself cannot go on with, such
// as for want of a file, in one sentence or none.
func localErrors(torrents []Torrent) []string {
	n, first := 0, Torrent{}
	for _, t := range torrents {
		if t.ErrorKind != state.LocalError {
			continue
		}
		if n++; n == 1 {
			first = t
		}
	}
	if n == 0 {
		return nil
	}
	about := Clean(first.Name) + ": " + Clean(first.Error)
	if n == 1 {
		return []string{"1 torrent has an error on the box: " + about}
	}
	return []string{fmt.Sprintf("%d torrents have an error on the box, the first: %s", n, about)}
}
