package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// limits are what `offing limit` was told; what is empty stays.
type limits struct{ down, up, ratio, idle, peers, priority, sequential, unbound string }

func (a *app) limit() *cobra.Command {
	var l limits
	cmd := a.torrentCommand(&acting{}, "limit", "Limit the speed, ratio and idleness of torrents",
		`Limit how fast torrents are, and when they stop to seed: at a ratio, or after a
time without a peer. "none" is no limit, and "box" for --ratio and --idle the
one of the box.`,
		"  offing limit 3b1d85f8 --down 2MB --up none\n  offing limit --all --label linux --ratio 2 --idle 30m --yes",
		func([]client.Row) (client.DoRequest, error) {
			c, err := l.changes()
			return client.DoRequest{Do: command.Change, Change: c}, err
		})
	flags := cmd.Flags()
	flags.StringVar(&l.down, "down", "", "how `fast` it downloads, a second, such as 2MB; none")
	flags.StringVar(&l.up, "up", "", "how `fast` it uploads, a second; none")
	flags.StringVar(&l.ratio, "ratio", "", "`ratio` at which it stops to seed, such as 2.5; none, box")
	flags.StringVar(&l.idle, "idle", "", "`time` without a peer after which it stops to seed, such as 30m; none, box")
	flags.StringVar(&l.peers, "peers", "", "how `many` peers at most")
	flags.StringVar(&l.priority, "priority", "", "`priority` of its traffic: low, normal, high")
	flags.StringVar(&l.sequential, "sequential", "", "`on` to download pieces in their order; off")
	flags.StringVar(&l.unbound, "unbound", "", "`on` to be bound by no limit of the box; off")
	for flag, words := range map[string][]string{
		"down": {"none"}, "up": {"none"}, "ratio": {"none", "box"}, "idle": {"none", "box"},
		"priority": {"low", "normal", "high"}, "sequential": {"on", "off"}, "unbound": {"on", "off"},
	} {
		a.completeFlag(cmd, flag, fixed(words))
	}
	return cmd
}

// changes returns what is to be otherwise.
func (l *limits) changes() (*command.Changes, error) {
	if *l == (limits{}) {
		return nil, errors.New("want something to limit: --down, --up, --ratio, --idle, --peers, --priority, --sequential or --unbound")
	}
	var c command.Changes
	for _, set := range []func(*command.Changes) error{l.speeds, l.seeding, l.others} {
		if err := set(&c); err != nil {
			return nil, err
		}
	}
	return &c, nil
}

func (l *limits) speeds(c *command.Changes) error {
	for _, s := range []struct {
		flag, text string
		limit      **int64
		limited    **bool
	}{{"down", l.down, &c.DownLimit, &c.DownLimited}, {"up", l.up, &c.UpLimit, &c.UpLimited}} {
		switch s.text {
		case "":
			continue
		case "none":
			*s.limited = new(false)
			continue
		}
		n, err := speed(s.text)
		if err != nil {
			return fmt.Errorf("--%s: %w", s.flag, err)
		}
		*s.limit, *s.limited = &n, new(true)
	}
	return nil
}

// speed reads bytes a second, such as "2MB", "500kB/s" or "1MiB".
func speed(text string) (int64, error) {
	n, err := humanize.ParseBytes(strings.TrimSuffix(text, "/s"))
	if err != nil || n > math.MaxInt64/2 || n > 0 && n < 1000 {
		return 0, fmt.Errorf("%q is no speed: want one such as 500kB or 2MB, of at least 1kB, or none", text)
	}
	return int64(n) / 1000 * 1000, nil // the daemon counts in kB
}

func (l *limits) seeding(c *command.Changes) error {
	if l.ratio != "" {
		mode, n, err := limitOf(l.ratio, ratioUnits)
		if err != nil {
			return fmt.Errorf("--ratio: %w", err)
		}
		c.RatioMode = &mode
		if mode == state.LimitOwn {
			c.RatioLimit = &n
		}
	}
	if l.idle != "" {
		mode, n, err := limitOf(l.idle, idleMinutes)
		if err != nil {
			return fmt.Errorf("--idle: %w", err)
		}
		c.IdleMode = &mode
		if mode == state.LimitOwn {
			c.IdleLimit = new(int32(n))
		}
	}
	return nil
}

func limitOf(text string, read func(string) (int64, error)) (state.LimitMode, int64, error) {
	switch text {
	case "none":
		return state.LimitNone, 0, nil
	case "box":
		return state.LimitGlobal, 0, nil
	}
	n, err := read(text)
	return state.LimitOwn, n, err
}

const maxRatio = 100_000

// ratioUnits reads a ratio as ten-thousandths.
func ratioUnits(text string) (int64, error) {
	r, err := strconv.ParseFloat(text, 64)
	if err != nil || !(r >= 0 && r <= maxRatio) {
		return 0, fmt.Errorf("%q is no ratio: want a number such as 2.5", text)
	}
	return int64(math.Round(r * 10_000)), nil
}

const maxIdle = 365 * 24 * time.Hour

// idleMinutes reads "30m" or "2h"; a number alone is minutes.
func idleMinutes(text string) (int64, error) {
	d, err := time.ParseDuration(text)
	if n, notMinutes := strconv.Atoi(text); notMinutes == nil && n < 1<<30 {
		d, err = time.Duration(n)*time.Minute, nil
	}
	if err != nil || d < time.Minute || d > maxIdle {
		return 0, fmt.Errorf("%q is no time: want one such as 30m or 2h", text)
	}
	return int64(d / time.Minute), nil
}

func (l *limits) others(c *command.Changes) error {
	if l.peers != "" {
		n, err := strconv.ParseUint(l.peers, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("--peers: %q is no number of peers", l.peers)
		}
		c.PeerLimit = new(int32(n))
	}
	if l.priority != "" {
		i := slices.Index([]string{"low", "normal", "high"}, l.priority)
		if i < 0 {
			return errors.New("--priority: want low, normal or high")
		}
		c.Priority = new(int8(i - 1))
	}
	for _, s := range []struct {
		flag, text string
		to         **bool
	}{{"sequential", l.sequential, &c.Sequential}, {"unbound", l.unbound, &c.Unbound}} {
		if s.text == "" {
			continue
		}
		on, err := onOff(s.text)
		if err != nil {
			return fmt.Errorf("--%s: %w", s.flag, err)
		}
		*s.to = &on
	}
	return nil
}

// onOff reads a switch.
func onOff(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "on", "yes", "true":
		return true, nil
	case "off", "no", "false":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither on nor off", text)
}
