package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"offing/scripts/rig"
)

// listening has a page hold its own WebSocket, and keep what comes on it.
const listening = `
	delete window.SharedWorker;
	window.heard = [];
	window.WebSocket = class extends WebSocket {
		constructor(...args) {
			super(...args);
			this.addEventListener("message", (e) => heard.push(JSON.parse(e.data)));
		}
	};`

// blocked has every WebSocket refused, as something between a page and the
// controller does that does not know them.
const blocked = `
	delete window.SharedWorker;
	window.refused = 0;
	window.WebSocket = class extends WebSocket {
		constructor(url) {
			super(new URL("not-a-socket", url));
			this.addEventListener("error", () => refused++);
		}
	};`

// TestReload: a page that is loaded again gets what it missed and no snapshot.
func TestReload(t *testing.T) {
	p := newPage(t)
	p.try("listen", func(ctx context.Context) error { return p.Before(ctx, listening) })
	p.signIn(system.URL, rig.Person{User: system.User, Password: system.Password})
	p.until("a snapshot of the torrents at first", `heard.some((f) => f.t === "torrents" && f.e)`)
	p.until("all torrents", allRows(t))
	for range 3 {
		p.try("load it again", func(ctx context.Context) error { return p.Do(ctx, chromedp.Reload()) })
		p.until("the answers to all that it subscribed to", `["torrents", "totals", "line", "notices", "host"].every((t) => heard.some((f) => f.t === t))`)
		p.until("all torrents", allRows(t))
		p.until("no snapshot of the torrents", `!heard.some((f) => f.t === "torrents" && f.e)`)
	}
}

// TestBlockedWebSockets: where no WebSocket gets through the page is as live.
func TestBlockedWebSockets(t *testing.T) {
	p := newPage(t)
	p.try("block WebSockets", func(ctx context.Context) error { return p.Before(ctx, blocked) })
	p.signIn(system.URL, rig.Person{User: system.User, Password: system.Password})
	p.until("that WebSockets were refused", "refused > 0")
	p.until("all torrents", allRows(t))

	seeding, err := system.Find(t.Context(), rig.SeedingName)
	if err != nil {
		t.Fatal(err)
	}
	row := `document.querySelector('[data-hash="` + seeding.Hash + `"]').dataset.status`
	p.try("stop a torrent", seeding.Stop)
	p.until("that it has stopped", row+` === "stopped"`)
	p.try("start it again", seeding.Start)
	// After the kills of earlier tests it may have to wait to be checked first.
	p.until("that it goes on", row+` !== "stopped"`)
}

// allRows is the JavaScript expression that is true when a page has a row for
// each torrent.
func allRows(t *testing.T) string {
	t.Helper()
	return `(` + shown + `) === "` + strings.Join(seenBy(owners(t), system.User), " ") + `"`
}
