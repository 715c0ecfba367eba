package transmission

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// trial is what a server must do.
type trial struct {
	name string
	run  func(*bench)
}

// suite is what every server must do, in the eyes of our client.
var suite = []trial{
	{"handshake", testHandshake},
	{"each field of a row", testFields},
	{"add", testAdd},
	{"remove", testRemove},
	{"rename and labels", testRename},
	{"move", testMove},
	{"verify", testVerify},
	{"start and stop", testStartStop},
	{"tracker that refuses", testRefusingTracker},
	{"tracker that is not there", testMissingTracker},
	{"queue", testQueue},
	{"magnet link", testMagnet},
	{"restart", testRestart},
	{"another session id", testSessionID},
	{"wrong password", testWrongPassword},
	{"floats", testFloats},
	{"moving and named", testMoving},
	{"detail", testDetail},
	{"options", testOptions},
	{"announce URLs", testTrackers},
	{"times", testTimes},
	{"settings", testSettings},
}

// TestConformance runs both suites against both generations of the daemon and the
// dialects of the simulator, so that the simulator cannot drift from them. What is
// recently active takes a minute to cease to be so, which goes by while the others
// run; with -short it is not looked at.
func TestConformance(t *testing.T) {
	recency := make([]func(*testing.T), len(kinds))
	for i, k := range kinds {
		if !testing.Short() {
			recency[i] = beginRecency(t, k)
		}
	}
	t.Run("suite", func(t *testing.T) {
		for _, k := range kinds {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				for _, test := range slices.Concat(suite, writing) {
					t.Run(test.name, func(t *testing.T) { test.run(k.bench(t)) })
				}
			})
		}
	})
	for i, k := range kinds {
		if recency[i] != nil {
			t.Run("recently active/"+k.name, recency[i])
		}
	}
}

func testHandshake(b *bench) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.URL(), http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusConflict || resp.Header.Get(sessionHeader) == "" {
		b.Errorf("the first answer is %s, %v", resp.Status, resp.Header)
	}
	s, err := b.client.Session(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if s.RPCVersion != b.rpc || s.DownloadDir != b.DownloadDir() || s.Version == "" || s.AltSpeed {
		b.Errorf("session %+v", s)
	}
	b.call("session-set", map[string]any{"alt-speed-enabled": true})
	if s, err := b.client.Session(b.Context()); err != nil || !s.AltSpeed {
		b.Errorf("session %+v (%v)", s, err)
	}
}

// testRestart: ids are given anew, and the listing says so. While the daemon
// loads its torrents it already answers, with an empty list.
func testRestart(b *bench) {
	goes, stays := b.place("goes", true), b.place("stays", true)
	before, err := b.client.Torrents(b.Context(), All)
	if err != nil {
		b.Fatal(err)
	}
	b.call("torrent-remove", ids(goes))
	b.Restart()
	b.eventually("the torrents are loaded", func() bool { return len(b.rows()) == 1 })
	for _, which := range []Selection{All, RecentlyActive} {
		after, err := b.client.Torrents(b.Context(), which)
		if err != nil || len(after.Rows) != 1 || len(after.Removed) != 0 {
			b.Fatalf("%+v (%v)", after, err)
		}
		was, is := byHash(before)[stays], after.Rows[0]
		if after.Run == before.Run || is.ID == was.ID || is.Torrent.Hash != stays || is.Torrent.Name != "stays" {
			b.Errorf("%+v in run %d became %+v in run %d", was, before.Run, is, after.Run)
		}
	}
}

// testSessionID: an id that the daemon no longer takes costs nothing.
func testSessionID(b *bench) {
	h := b.add(newTorrent("stays"), true)
	before := b.row(h)
	run := func() uint64 { _, run := b.client.session(); return run }
	was := run()
	b.client.mu.Lock()
	b.client.sessionID = "stale"
	b.client.mu.Unlock()
	if after := b.row(h); after.ID != before.ID || run() == was {
		b.Errorf("%+v became %+v, in runs %d and %d", before, after, was, run())
	}
	if s, ok := b.server.(simulated); ok { // a daemon takes an hour for it
		was = run()
		s.RenewSession()
		if after := b.row(h); after.ID != before.ID || run() == was {
			b.Errorf("%+v became %+v, in runs %d and %d", before, after, was, run())
		}
	}
	if err := b.client.Act(b.Context(), command.Start, []state.Hash{h}); err != nil {
		b.Error(err)
	}
}

// testWrongPassword: a wrong one is tried a few times and then explained; the right
// one works as soon as it is there. 3.00 locks itself after 100 tries, later
// ones only when they are told to.
func testWrongPassword(b *bench) {
	srv := b.start(b.T, testUser, testPassword)
	var count atomic.Int64
	c := client(b.T, proxy(b.T, srv.URL(), &count, nil))
	c.login.user, c.login.file = testUser, passwordFile(b.T, "wrong horse")
	for range 20 {
		_, err := c.Torrents(b.Context(), All)
		if kind, text := c.Explain(err); kind != state.DaemonUnauthorized || !strings.Contains(text, c.login.file) {
			b.Fatalf("%v %q (%v)", kind, text, err)
		}
	}
	if n := count.Load(); n != maxRefusals {
		b.Errorf("the daemon saw %d wrong passwords, want %d", n, maxRefusals)
	}
	if err := os.WriteFile(c.login.file, []byte(testPassword), 0o600); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Session(b.Context()); err != nil {
		b.Errorf("after the file was mended: %v", err)
	}
	bare := &bench{T: b.T, kind: b.kind, server: srv, user: testUser, password: "wrong"}
	for range 101 {
		bare.raw("session-stats", nil)
	}
	_, err := c.Session(b.Context())
	if locked := errors.Is(err, ErrLocked); locked != (b.rpc == 16) || !locked && err != nil {
		b.Errorf("after 100 wrong passwords: %v", err)
	}
}
