package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

// settingsFlags are what `offing settings` was told beside what to set.
type settingsFlags struct {
	way
	ending
	testPort, blocklist, free bool
	dir                       string
}

func (a *app) settings() *cobra.Command {
	var f settingsFlags
	cmd := &cobra.Command{
		Use:   "settings [BOX] [KEY=VALUE…]",
		Short: "Show and change what is set for a box's daemon",
		Long: `Show what is set for the daemon of a box, or change it. Speeds are such as 2MB,
times of day such as 23:30, days such as mon,tue; a limit with the value none
does not hold. BOX may be left out when there is one, and is left out with
--direct.`,
		Example: `  offing settings vps
  offing settings vps down_limit=5MB up_limit=none alt_speed=on
  offing settings vps alt_scheduled=on alt_begin=08:00 alt_days=mon,tue
  offing settings vps --test-port
  offing settings vps --free-space --dir films`,
		RunE: func(cmd *cobra.Command, args []string) error {
			box, changes, err := f.read(args)
			if err != nil {
				return usage(err)
			}
			return a.through(cmd.Context(), f.way, func(ctx context.Context, d door) error {
				if box, err = boxOr(ctx, d, box); err != nil {
					return err
				}
				return a.configure(ctx, d, &f, box, changes)
			})
		},
		ValidArgsFunction: a.completeSettings,
	}
	f.way.flags(a, cmd)
	f.ending.flags(cmd)
	cmd.Flags().BoolVar(&f.testPort, "test-port", false, "ask whether peers can reach the daemon")
	cmd.Flags().BoolVar(&f.blocklist, "blocklist", false, "fetch the blocklist anew")
	cmd.Flags().BoolVar(&f.free, "free-space", false, "say how much room there is for downloads")
	cmd.Flags().StringVar(&f.dir, "dir", "", "for --free-space: a `folder` of the download tree")
	return cmd
}

// read tells the name of the box, which may be left out, from what is to be set.
func (f *settingsFlags) read(args []string) (box string, changes *command.NewSettings, err error) {
	if len(args) > 0 && !strings.Contains(args[0], "=") {
		box, args = args[0], args[1:]
	}
	if box != "" && f.direct != "" {
		return "", nil, errors.New("--direct names the box: leave the other name out")
	}
	if f.direct != "" {
		box = f.direct
	}
	asks := 0
	for _, on := range []bool{f.testPort, f.blocklist, f.free, len(args) > 0} {
		if on {
			asks++
		}
	}
	if asks > 1 {
		return "", nil, errors.New("want one of --test-port, --blocklist, --free-space and KEY=VALUE")
	}
	if len(args) > 0 {
		changes, err = readSettings(args)
	}
	return box, changes, err
}

// boxOr returns the box, or the only one there is.
func boxOr(ctx context.Context, d door, box string) (string, error) {
	c, ok := d.(*client.Client)
	if box != "" || !ok {
		return box, nil
	}
	boxes, err := c.Boxes(ctx)
	if err != nil {
		return "", err
	}
	if len(boxes) == 1 {
		return boxes[0].Name, nil
	}
	names := make([]string, len(boxes))
	for i := range boxes {
		names[i] = report.Clean(boxes[i].Name)
	}
	if len(names) == 0 {
		return "", usage(errors.New("there are no boxes yet: `offing box add NAME` adds one"))
	}
	return "", usage(fmt.Errorf("say which box: %s", strings.Join(names, ", ")))
}

func (a *app) configure(ctx context.Context, d door, f *settingsFlags, box string, changes *command.NewSettings) error {
	r := client.DoRequest{Do: command.Configure, Box: box, Settings: changes}
	switch {
	case f.testPort:
		return a.testPort(ctx, d, box, f.json)
	case f.free:
		return a.freeSpace(ctx, d, box, f)
	case f.blocklist:
		r = client.DoRequest{Do: command.Blocklist, Box: box}
	case changes == nil:
		c, ok := d.(*client.Client)
		if !ok {
			return errNoDetail
		}
		return a.showSettings(ctx, c, box, f.json)
	}
	orders, err := d.Do(ctx, r)
	if err != nil {
		return a.perhaps(ctx, f.way, err)
	}
	return a.settle(ctx, d, f.way, f.ending, orders, nil)
}

func (a *app) testPort(ctx context.Context, d door, box string, asJSON bool) error {
	open, err := d.TestPort(ctx, box)
	if err != nil {
		return err
	}
	if asJSON {
		err = a.printJSON(map[string]bool{"open": open})
	} else if open {
		fmt.Fprintln(a.stdout, "open: peers can reach the daemon")
	} else {
		fmt.Fprintln(a.stdout, "closed: peers cannot reach the daemon")
	}
	if err == nil && !open {
		err = &exitError{status: exitFailed}
	}
	return err
}

func (a *app) freeSpace(ctx context.Context, d door, box string, f *settingsFlags) error {
	space, err := d.FreeSpace(ctx, box, f.dir)
	if err != nil {
		return err
	}
	if f.json {
		return a.printJSON(space)
	}
	text := report.Size(space.Free) + " free"
	if space.Total > 0 {
		text += " of " + report.Size(space.Total)
	}
	_, err = fmt.Fprintln(a.stdout, text)
	return err
}

func (a *app) showSettings(ctx context.Context, c *client.Client, box string, asJSON bool) error {
	s, err := c.Settings(ctx, box)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(s)
	}
	w := &pairs{screen: screenOf(a.stdout)}
	for _, l := range settingLines(s) {
		w.say(l[0], l[1])
	}
	_, err = fmt.Fprintln(a.stdout, strings.Join(w.aligned(), "\n"))
	return err
}

// completeSettings completes the box, then the keys.
func (a *app) completeSettings(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.completeBoxes(cmd, args, begun)
	}
	key, _, valued := strings.Cut(begun, "=")
	var words []string
	for _, s := range settingFields() {
		switch {
		case !valued:
			words = append(words, s.key+"=")
		case s.key == key && s.isSwitch():
			words = append(words, key+"=on", key+"=off")
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
