package executor

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"offing/tunnel/command"
)

// checkSettings holds folders to the download tree, and the blocklist's URL, which
// the daemon fetches, to public hosts as far as it tells.
func (t *task) checkSettings(n *command.NewSettings) error {
	for _, dir := range []*string{n.DownloadDir, n.IncompleteDir} {
		if dir == nil {
			continue
		}
		if _, err := t.resolve(*dir); err != nil {
			return err
		}
	}
	if n.BlocklistURL != nil && *n.BlocklistURL != "" && !publicURL(*n.BlocklistURL) {
		return &command.Fault{Code: command.ForbiddenURL, Text: "the blocklist's URL must be http or https, of a public host"}
	}
	return nil
}

// publicURL tells whether a URL may be given to a program that fetches it.
func publicURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || len(s) > command.MaxURL || hasControl(s) {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if ip, err := netip.ParseAddr(host); err == nil {
		return !private(ip)
	}
	// A name ends in a top level domain, which has letters: what does not is an
	// address in a form that only some programs read, such as 0x7f.1.
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 || strings.Trim(host[dot+1:], "0123456789abcdefx") == "" && strings.ContainsAny(host[dot+1:], "0123456789") {
		return false
	}
	for _, local := range []string{"localhost", "local", "internal", "lan", "home.arpa"} {
		if host == local || strings.HasSuffix(host, "."+local) {
			return false
		}
	}
	return true
}

// effectOnDaemon does what is about the daemon as a whole.
func (t *task) effectOnDaemon(ctx context.Context, p *plan) error {
	d, c, r := t.cfg.Daemon, t.entry.command, t.result
	switch t.kind {
	case command.Configure:
		n := *c.Settings
		for _, dir := range []**string{&n.DownloadDir, &n.IncompleteDir} {
			if *dir != nil {
				path, err := t.resolve(**dir)
				if err != nil {
					return err
				}
				*dir = &path
			}
		}
		defer t.touchSession()
		return t.try(ctx, func() error { return d.Configure(ctx, &n) })
	case command.Blocklist:
		defer t.touchSession()
		return t.try(ctx, func() error {
			rules, err := d.UpdateBlocklist(ctx)
			r.Rules = &rules
			return err
		})
	case command.FreeSpace:
		return t.try(ctx, func() error {
			space, err := d.FreeSpace(ctx, p.Dir)
			r.Space = &space
			return err
		})
	case command.TestPort:
		return t.try(ctx, func() error {
			open, err := d.TestPort(ctx)
			r.Open = &open
			return err
		})
	}
	return &command.Fault{Code: command.BadCommand, Text: "there is no such command"}
}

func (t *task) touchSession() {
	if t.cfg.TouchSession != nil {
		t.cfg.TouchSession()
	}
}
