// Package controller owns the daemon at home: it wires the store, the accounts,
// Tor, the boxes, the topics and the web server together, starts them in order
// and stops them in the reverse of it.
package controller

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/hub"
	"offing/controller/internal/store"
	"offing/controller/internal/view"
	"offing/controller/internal/web"
	"offing/tunnel"
	"offing/tunnel/tor"
	"offing/ui"
)

// Controller is one daemon on one state folder.
type Controller struct {
	cfg    Config
	log    *slog.Logger
	out    io.Writer
	dialer tunnel.Dialer // instead of Tor
	notify string        // path of systemd's notification socket, or empty
}

// Option changes what New makes.
type Option func(*Controller)

// WithOutput prints what the operator must see, the setup link among it, to w
// instead of the standard output. It is no log: the link is a secret.
func WithOutput(w io.Writer) Option { return func(c *Controller) { c.out = w } }

// WithDialer reaches the boxes through d instead of Tor, which is then neither
// started nor used.
func WithDialer(d tunnel.Dialer) Option { return func(c *Controller) { c.dialer = d } }

// New checks cfg. Nothing is opened or started before Run.
func New(cfg Config, log *slog.Logger, options ...Option) (*Controller, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	for _, dir := range []*string{&cfg.State, &cfg.Run} {
		if *dir == "" {
			continue
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return nil, err
		}
		*dir = abs
	}
	c := &Controller{cfg: cfg, log: log, out: os.Stdout, notify: os.Getenv("NOTIFY_SOCKET")}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// Run serves until ctx ends, and returns nil then. Its error says what must be
// mended before it is worth starting again. Either way nothing is left running.
func (c *Controller) Run(ctx context.Context) (err error) {
	if err := c.makeFolders(); err != nil {
		return err
	}
	db, err := store.Open(ctx, c.cfg.storeConfig(c.log))
	if err != nil {
		return err
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = e
		}
	}()
	who, err := openPeople(ctx, db, c.log)
	if err != nil {
		return err
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	boxes, err := fleet.New(c.cfg.BoxesDir(), line, c.log)
	if err != nil {
		return err
	}
	return c.serve(ctx, who, line, boxes)
}

// serve opens the doors, says where they are, and runs everything.
func (c *Controller) serve(ctx context.Context, who *people, line tunnel.Dialer, boxes *fleet.Fleet) error {
	commands, err := who.openCommands(ctx, boxes, c.log)
	if err != nil {
		return err
	}
	apps, err := who.openApps(ctx, boxes, c.log)
	if err != nil {
		return err
	}
	views := view.New(view.Config{Source: boxes, Owners: who.owners, Notices: who.notices, Commands: commands, Log: c.log})
	topics := hub.New(views, c.log)
	defer topics.Close()
	proxies, err := c.cfg.trustedProxies()
	if err != nil {
		return err
	}
	server, err := web.New(web.Config{
		Listen: c.cfg.Listen, Socket: c.cfg.Socket(), PublicURL: c.cfg.PublicURL, Hosts: c.cfg.Hosts, TrustedProxies: proxies,
		Accounts: who.accounts, Owners: who.owners, Audit: who.audit, AuditLog: who.auditLog,
		Hub: topics, Boxes: reports{boxes, views}, Control: commands, RPC: apps, UI: c.page(), Log: c.log,
	})
	if err != nil {
		return err
	}
	if err := c.greet(ctx, who.accounts, server.URL()); err != nil {
		_ = server.Close() // it never served; the error above matters
		return err
	}
	parts := []part{
		{"boxes", func(ctx context.Context) error { boxes.Run(ctx); return nil }},
		{"owners", func(ctx context.Context) error { who.owners.Follow(ctx, boxes); return nil }},
		{"commands", commands.Run},
		{"apps", apps.Run},
		{"views", func(ctx context.Context) error { views.Run(ctx); return nil }},
		{"web", server.Serve},
		{"systemd", c.notifySystemd},
	}
	if t, ok := line.(*tor.Tor); ok {
		parts = append([]part{{"tor", t.Run}}, parts...)
	}
	return runParts(ctx, parts)
}

// makeFolders makes the state folder and the one of the sockets, for this user
// alone.
func (c *Controller) makeFolders() error {
	for _, dir := range []string{c.cfg.State, c.cfg.RunDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("state folder: %w", err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			return fmt.Errorf("state folder: %w", err)
		}
		if info.Mode().Perm()&0o022 != 0 {
			return fmt.Errorf("other users can write to %s: run `chmod 700 %s`, or use another folder", dir, dir)
		}
	}
	return nil
}

// line returns the way to the boxes.
func (c *Controller) line() (tunnel.Dialer, error) {
	if c.dialer != nil {
		return c.dialer, nil
	}
	return tor.New(tor.Config{
		Binary:     c.cfg.Tor.Binary,
		DataDir:    filepath.Join(c.cfg.State, "tor"),
		RunDir:     c.cfg.RunDir(),
		Control:    c.cfg.Tor.Control,
		SOCKS:      c.cfg.Tor.SOCKS,
		Bridges:    c.cfg.Tor.Bridges,
		Transports: c.cfg.Tor.Transports,
		Extra:      c.cfg.Tor.Extra,
		Client:     true,
		Log:        c.log,
	})
}

// page returns the built page, or nil, with which the server says how to build it.
func (c *Controller) page() fs.FS {
	dist, err := ui.Dist()
	if err != nil {
		c.log.Warn("there is no page to serve", "err", err)
		return nil
	}
	return dist
}

// greet tells the operator where the page is, and how to become its first
// administrator while there is none.
func (c *Controller) greet(ctx context.Context, accounts *account.Accounts, url string) error {
	if c.cfg.PublicURL != "" {
		url = strings.TrimSuffix(c.cfg.PublicURL, "/")
	}
	token, needed, err := accounts.NewSetupToken(ctx)
	if err != nil {
		return err
	}
	if !needed {
		_, err = fmt.Fprintf(c.out, "Offing is at %s\n", url)
		return err
	}
	_, err = fmt.Fprintf(c.out, "Offing is at %s and has no administrator yet. Become it with this link, which works once:\n%s/setup#%s\n",
		url, url, string(token))
	return err
}
