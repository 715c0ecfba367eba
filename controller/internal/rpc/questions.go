package rpc

import (
	"context"
	"path"
	"strings"

	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// sums are the figures of session-stats, over what the asker may see.
type sums struct {
	torrents, stopped, files int64
	down, up                 int64
	downloaded, uploaded     int64
}

// sessionStats tells sums over the asker's torrents; how often and how long a daemon
// ran, it does not: the time is that of the controller.
func (e *Endpoint) sessionStats(_ context.Context, who asker, c *call) ([]byte, *problem) {
	boxes, fault := e.known(who)
	if fault != nil {
		return nil, fault
	}
	var n sums
	for _, b := range boxes {
		e.watched.asked(b.Name)
		b.State.Each(func(t *state.Torrent) bool {
			if e.look(who, b.Name, t).access != owners.None {
				n.add(t)
			}
			return true
		})
	}
	seconds := int64(e.cfg.Now().Sub(e.started).Seconds())
	o := object{b: []byte{'{'}, style: c.style}
	o.int(camel("active_torrent_count"), n.torrents-n.stopped)
	o.key(kebab("cumulative_stats"))
	o.b = appendStats(o.b, c.style, &n, seconds)
	o.key(kebab("current_stats"))
	o.b = appendStats(o.b, c.style, &sums{}, seconds)
	o.int(camel("download_speed"), n.down)
	o.int(camel("paused_torrent_count"), n.stopped)
	o.int(camel("torrent_count"), n.torrents)
	o.int(camel("upload_speed"), n.up)
	return append(o.b, '}'), nil
}

func (n *sums) add(t *state.Torrent) {
	n.torrents++
	if t.Status == state.Stopped {
		n.stopped++
	}
	n.files += int64(t.Files)
	n.down += t.RateDown
	n.up += t.RateUp
	n.downloaded += t.Downloaded
	n.uploaded += t.Uploaded
}

func appendStats(b []byte, s style, n *sums, seconds int64) []byte {
	o := object{b: append(b, '{'), style: s}
	o.int(camel("downloaded_bytes"), n.downloaded)
	o.int(camel("files_added"), n.files)
	o.int(camel("seconds_active"), seconds)
	o.int(camel("session_count"), 1)
	o.int(camel("uploaded_bytes"), n.uploaded)
	return append(o.b, '}')
}

// freeSpace tells how much room there is. Of the download tree home knows it; only of
// other folders the box is asked.
func (e *Endpoint) freeSpace(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	dir := c.params.text("path")
	if dir == nil {
		return nil, &problem{codeInvalidParams, "say of which folder (path)"}
	}
	box, at, fault := e.box(who)
	if fault != nil {
		return nil, fault
	}
	host := at.Host()
	space := command.Space{Free: host.DiskFree, Total: host.DiskTotal}
	if host.DiskTotal <= 0 || !below(*dir, at.Settings().DownloadDir) {
		r, err := e.cfg.Control.Ask(ctx, who.Principal, box, command.Command{Kind: command.FreeSpace, Dir: *dir})
		if err != nil {
			return nil, e.explain(ctx, err)
		}
		if r.Fault != nil {
			return nil, ofFault(r.Fault)
		}
		if r.Space == nil {
			return nil, internal
		}
		space = *r.Space
	}
	o := object{b: []byte{'{'}, style: c.style}
	o.text(camel("path"), *dir)
	o.int(kebab("size_bytes"), space.Free)
	o.int(word{"total_size", "total_size"}, space.Total)
	return append(o.b, '}'), nil
}

// below tells whether dir is top or a folder in it.
func below(dir, top string) bool {
	if top == "" {
		return false
	}
	dir, top = path.Clean(dir), path.Clean(top)
	return dir == top || strings.HasPrefix(dir, strings.TrimSuffix(top, "/")+"/")
}

func (e *Endpoint) portTest(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	box, _, fault := e.box(who)
	if fault != nil {
		return nil, fault
	}
	r, err := e.cfg.Control.Ask(ctx, who.Principal, box, command.Command{Kind: command.TestPort})
	switch {
	case err != nil:
		return nil, e.explain(ctx, err)
	case r.Fault != nil:
		return nil, ofFault(r.Fault)
	case r.Open == nil:
		return nil, internal
	}
	o := object{b: []byte{'{'}, style: c.style}
	o.bool(kebab("port_is_open"), *r.Open)
	if protocol := c.params.text("ip_protocol"); protocol != nil && (*protocol == "ipv4" || *protocol == "ipv6") {
		o.text(camel("ip_protocol"), *protocol)
	}
	return append(o.b, '}'), nil
}

func (e *Endpoint) blocklistUpdate(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	box, _, fault := e.box(who)
	if fault != nil {
		return nil, fault
	}
	orders, fault := e.order(ctx, who, control.Request{Command: command.Command{Kind: command.Blocklist}, Box: box})
	if fault != nil {
		return nil, fault
	}
	o := object{b: []byte{'{'}, style: c.style}
	var rules int64
	if len(orders) == 1 && orders[0].Result.Rules != nil {
		rules = *orders[0].Result.Rules
	}
	o.int(kebab("blocklist_size"), rules)
	return append(o.b, '}'), nil
}
