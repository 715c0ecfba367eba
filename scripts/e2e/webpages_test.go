package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"offing/scripts/rig"
)

// TestWebPages: Transmission's own pages of both generations show and change one
// person's torrents through the controller, without an exception.
func TestWebPages(t *testing.T) {
	anna := system.Guests[0]
	login := "Basic " + base64.StdEncoding.EncodeToString([]byte(anna.User+":"+newAppToken(t, anna)))
	for _, g := range []webPage{
		{
			generation: "3.00", dir: "/usr/share/transmission/web",
			file: `#torrent_upload_file`, confirm: `#upload_confirm_button`, name: ".torrent_name",
		},
		{
			generation: "4.1", dir: newer(t, "usr", "share", "transmission", "public_html"),
			file: `.dialog-container input[type="file"]`, confirm: `.dialog-container .dialog-buttons button:not(.dialog-dismiss-button)`, name: ".torrent-name",
		},
	} {
		t.Run(g.generation, func(t *testing.T) { g.test(t, serveWebPage(t, g.dir, login)) })
	}
}

// webPage is Transmission's own page of one generation, and where things are on it.
type webPage struct {
	generation, dir     string
	file, confirm, name string
}

// watched keeps what goes wrong in a page's JavaScript.
const watched = `
	window.wrong = [];
	addEventListener("error", (e) => wrong.push(String(e.message)));
	addEventListener("unhandledrejection", (e) => wrong.push(String(e.reason)));`

func (g webPage) test(t *testing.T, url string) {
	p := newPage(t)
	p.try("watch for exceptions", func(ctx context.Context) error { return p.Before(ctx, watched) })
	p.try("open the page", func(ctx context.Context) error { return p.Do(ctx, chromedp.Navigate(url)) })
	rowOf := func(name string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#torrent_list li.torrent, #torrent-list li.torrent")].find(e => e.querySelector(%q)?.textContent === %q)`, g.name, name)
	}
	names := fmt.Sprintf(`[...document.querySelectorAll(%q)].map(e => e.textContent).sort().join(" ")`, g.name)
	p.until("anna's torrents and no others", names+fmt.Sprintf(" === %q", strings.Join([]string{"coastline-survey.tar", rig.SeedingName, rig.FollowedName}, " ")))

	made := newTorrent(t, "page-"+g.generation+".csv")
	p.click("open", "#toolbar-open")
	p.until("its dialog", has(g.file))
	p.try("choose a file", func(ctx context.Context) error { return p.Do(ctx, setFile(g.file, made.Path)) })
	p.click("upload", g.confirm)
	p.until("the new torrent", rowOf(made.Name)+" !== undefined")
	untilTold(t, "the new torrent to seed", made.Hash, isSeeding)
	p.picture("web-" + g.generation)

	paused := rowOf(made.Name) + `.querySelector(".torrent_progress_bar.paused, .torrent_progress_bar_container.paused, .torrent-progress-bar.paused") !== null`
	p.until("that it goes", "!("+paused+")")
	p.press(rowOf(made.Name), "#toolbar-pause", "that it is paused", paused)
	untilTold(t, "the torrent to stop", made.Hash, isStopped)
	p.press(rowOf(made.Name), "#toolbar-start", "that it goes on", "!("+paused+")")
	untilTold(t, "the torrent to seed", made.Hash, isSeeding)
	if wrong := p.read("what went wrong", `wrong.join("; ")`); wrong != "" {
		t.Errorf("exceptions: %s", wrong)
	}
	ordersOf(t, 0, "remove", made.Hash, "--data", "--yes")
	gone(t, made)
}

// press chooses a row and clicks on a button of the toolbar, again when the page does
// not show after a while what that is for. Transmission 4.1's page looks which buttons
// fit a row when it is chosen, and when the first change of any torrent comes after a
// click: it disables "start" for good when that change was another's, and came before
// the stop, so its user has to choose the row once more.
func (p page) press(row, button, what, shown string) {
	p.t.Helper()
	p.until(what, fmt.Sprintf(`(() => {
		if (%s) return true;
		if (Date.now() - window.pressed < 5000) return false;
		%s.click();
		const b = document.querySelector(%q);
		if (!b.disabled && !b.matches(".disabled, [aria-disabled=true]")) {
			window.pressed = Date.now();
			b.click();
		}
		return false;
	})()`, shown, row, button))
	p.read("forget the click", "String(window.pressed = undefined)")
}

// serveWebPage serves Transmission's page from dir, as a daemon does, and passes its
// RPC on to the controller as somebody's; it returns the page's URL.
func serveWebPage(t *testing.T, dir, login string) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
		t.Fatalf("Transmission's page is missing: install Debian 12's package transmission-common, and run `. scripts/lib.sh && need_transmission_41` (%v)", err)
	}
	to, err := url.Parse(system.URL)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/transmission/web/", http.StripPrefix("/transmission/web/", http.FileServer(http.Dir(dir))))
	mux.Handle("/transmission/rpc", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Header.Set("Authorization", login)
		r.Out.Header.Del("Cookie")
		r.Out.Header.Del("Origin") // it is this server's, and not the controller's
	}})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/transmission/web/"
}
