package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/report"
)

// bounds are the flags of a quota; empty leaves what there is, "none" removes it.
type bounds struct{ torrents, bytes, down, up string }

func (a *app) userQuota() *cobra.Command {
	var b bounds
	cmd := a.asking("quota NAME", "Say or set how much somebody may have", onePerson,
		func(ctx context.Context, c *client.Client, args []string) error {
			user, err := find(ctx, c, args[0])
			if err != nil {
				return err
			}
			if b != (bounds{}) {
				if err := b.apply(&user.Quota); err != nil {
					return usage(err)
				}
				if err := c.SetQuota(ctx, user.User, user.Quota); err != nil {
					return err
				}
			}
			a.sayQuota(user)
			return nil
		})
	cmd.Long = `Say how much somebody may have, and what counts against it; with options set it.
Torrents that somebody owns count, shared ones do not. "none" removes a bound.`
	cmd.Example = `  offing user quota anna --torrents 200 --bytes 500GB
  offing user quota anna --down none`
	cmd.Flags().StringVar(&b.torrents, "torrents", "", "how `many` torrents")
	cmd.Flags().StringVar(&b.bytes, "bytes", "", "how `much` on disk, such as 500GB")
	cmd.Flags().StringVar(&b.down, "down", "", "how `fast` downloads are, a second, such as 5MB")
	cmd.Flags().StringVar(&b.up, "up", "", "how `fast` uploads are, a second")
	return cmd
}

// find returns a person by name, in any case.
func find(ctx context.Context, c *client.Client, name string) (*client.User, error) {
	users, err := c.Users(ctx)
	if err != nil {
		return nil, err
	}
	return among(users, name)
}

// among returns the one of the users who has that name, in any case.
func among(users []client.User, name string) (*client.User, error) {
	i := slices.IndexFunc(users, func(u client.User) bool { return u.User == strings.ToLower(name) })
	if i < 0 {
		return nil, usage(fmt.Errorf("there is nobody of the name %q: `offing user list` lists everybody", name))
	}
	return &users[i], nil
}

func (b *bounds) apply(q *client.Quota) error {
	if b.torrents != "" {
		n, err := 0, error(nil)
		if b.torrents != "none" {
			if n, err = strconv.Atoi(b.torrents); err != nil || n < 1 {
				return errors.New(`--torrents: want a number above 0, or "none"`)
			}
		}
		q.Torrents = n
	}
	for _, f := range []struct {
		flag, text string
		to         *int64
	}{{"bytes", b.bytes, &q.Bytes}, {"down", b.down, &q.Down}, {"up", b.up, &q.Up}} {
		if err := parseSize(f.flag, f.text, f.to); err != nil {
			return err
		}
	}
	return nil
}

func parseSize(flag, text string, to *int64) error {
	switch text {
	case "":
		return nil
	case "none":
		*to = 0
		return nil
	}
	n, err := humanize.ParseBytes(strings.TrimSuffix(text, "/s"))
	if err != nil || n == 0 || n > math.MaxInt64 {
		return fmt.Errorf(`--%s: want a size such as 500GB or 2MiB, or "none"`, flag)
	}
	*to = int64(n)
	return nil
}

func (a *app) sayQuota(u *client.User) {
	without := func(n int64, text string) string {
		if n == 0 {
			return "no bound"
		}
		return text
	}
	fmt.Fprintf(a.stdout, "torrents  %d of %s\n", u.Used.Torrents, without(int64(u.Quota.Torrents), fmt.Sprint(u.Quota.Torrents)))
	fmt.Fprintf(a.stdout, "on disk   %s of %s\n", report.Size(u.Used.Bytes), without(u.Quota.Bytes, report.Size(u.Quota.Bytes)))
	fmt.Fprintf(a.stdout, "down      %s\n", without(u.Quota.Down, report.Size(u.Quota.Down)+"/s"))
	fmt.Fprintf(a.stdout, "up        %s\n", without(u.Quota.Up, report.Size(u.Quota.Up)+"/s"))
}
