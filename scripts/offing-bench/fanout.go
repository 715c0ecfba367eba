package main

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"time"

	"offing/scripts/offing-bench/fanout"
)

// messageSize is what a message of the fan-out's sections says, in bytes,
// whatever stands around it.
const messageSize = 400

// sharedStamp and rowStamp stand before the time in a message and in a row.
const (
	sharedStamp = `"at":`
	rowStamp    = `"uploaded":`
)

// fanOut is a section that needs the servers and the client of the fan-out.
func fanOut(name, title string, measure func(*bench, context.Context) error) section {
	return section{name, title, func(b *bench, ctx context.Context) error {
		if b.lab == nil {
			var err error
			if b.lab, err = fanout.Open(ctx, fanout.Everybody()...); err != nil {
				return err
			}
		}
		return measure(b, ctx)
	}}
}

// withCrowd runs f with a server to which a crowd has connected.
func (b *bench) withCrowd(ctx context.Context, p fanout.Peer, c fanout.Crowd, f func(*fanout.Run, fanout.Opening) error) error {
	r, err := b.lab.Start(ctx, p)
	if err != nil {
		return err
	}
	defer r.Close()
	o, err := r.Connect(c)
	if err == nil {
		err = f(r, o)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}

// reserved is how many files of a process are left for other things than connections.
const reserved = 256

// room is how many connections a process may have here.
func room() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(limit.Max) - reserved
}

// goal says whether a figure is as small as it should be.
func goal(what string, figure, most float64) string {
	word := "met"
	if !(figure <= most) { // what is no number misses too
		word = "**missed**"
	}
	return fmt.Sprintf("- %s: %.3g (goal ≤ %.3g: %s)\n", what, figure, most, word)
}

// median of one figure in each turn; of an even number the mean of the middle two.
func median(figures []float64) float64 {
	s := slices.Sorted(slices.Values(figures))
	n := len(s)
	if n == 0 {
		return 0
	}
	return (s[(n-1)/2] + s[n/2]) / 2
}

// share is a part of a whole, in per cent.
func share(part, whole int) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func mib(bytes float64) float64 { return bytes / (1 << 20) }
