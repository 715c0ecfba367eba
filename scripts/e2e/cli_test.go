package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offing/controller/client"
	"offing/scripts/rig"
	vocabulary "offing/tunnel/command"
)

// TestShell: what people do to torrents from the shell comes about in Transmission,
// and the exit status and the JSON say what came of it.
func TestShell(t *testing.T) {
	made := newTorrent(t, "shell-logbook.txt")
	hash := made.Hash
	one := ordersOf(t, 0, "add", made.Path, "--label", "e2e", "--paused")
	if o := one[0]; o.Do != vocabulary.Add || o.State != client.Done || o.Result == nil || o.Result.Added == nil || o.Result.Added.Hash.String() != hash || o.Result.Added.Duplicate {
		t.Fatalf("add: %+v", o)
	}
	// It is checked first. That is quick before TestLine, after whose long check it
	// would have to wait: the name of this file sees to that.
	untilTold(t, "the new torrent to be stopped", hash, isStopped)
	if labels := told(t, hash).Labels; !slices.Equal(labels, []string{"e2e"}) {
		t.Errorf("Transmission says labels %v of the new torrent", labels)
	}
	ordersOf(t, 0, "start", hash[:12])
	untilTold(t, "the torrent to seed", hash, isSeeding)
	ordersOf(t, 0, "stop", "--all", "--label", "e2e", "--yes")
	untilTold(t, "the torrent to stop", hash, isStopped)
	ordersOf(t, 0, "label", hash, "--set", "logs")
	ordersOf(t, 0, "files", hash, "--high", "0")
	ordersOf(t, 0, "limit", hash, "--down", "500kB", "--ratio", "2.5")
	last := *told(t, hash).QueuePosition
	ordersOf(t, 0, "queue", "top", hash)
	now := told(t, hash)
	if !slices.Equal(now.Labels, []string{"logs"}) || *now.DownloadLimit != 500 || !*now.DownloadLimited || *now.SeedRatioLimit != 2.5 ||
		*now.QueuePosition != 0 || last == 0 || now.Files[0].Name != made.Name || now.FileStats[0].Priority != 1 {
		t.Errorf("Transmission says labels %v, limit %d %v, ratio %v, position %d (it was %d), priority %d", now.Labels, *now.DownloadLimit, *now.DownloadLimited,
			*now.SeedRatioLimit, *now.QueuePosition, last, now.FileStats[0].Priority)
	}
	ordersOf(t, 0, "queue", "bottom", hash) // as the scene was
	if list, stderr, exit := offing(t, "files", hash); exit != 0 || !strings.Contains(list, made.Name) {
		t.Errorf("files: exit status %d, %s%s", exit, list, stderr)
	}

	ordersOf(t, 0, "start", hash)
	untilTold(t, "the torrent to seed", hash, isSeeding)
	if _, stderr, exit := offing(t, "stop", hash, "--direct", rig.BoxName); exit != 0 {
		t.Errorf("stop --direct: exit status %d: %s", exit, stderr)
	}
	untilTold(t, "the torrent to stop", hash, isStopped)

	ordersOf(t, 0, "remove", hash, "--data", "--yes")
	gone(t, made)
	if _, _, exit := offing(t, "stop", hash); exit != 64 {
		t.Errorf("stop of what is gone: exit status %d, want 64", exit)
	}
	if table, _, exit := offing(t, "log"); exit != 0 || !strings.Contains(table, one[0].ID.String()[:12]) {
		t.Errorf("log: exit status %d, without %.12s:\n%s", exit, one[0].ID, table)
	}
}

// TestTokenFromTheShell: what the command line prints of a new token, and nothing else,
// opens the doors of scripts and apps for its person, as far as its scope goes, until it
// is ended.
func TestTokenFromTheShell(t *testing.T) {
	stdout, stderr, exit := offing(t, "token", "new", "from the shell", "--for", "anna")
	token := strings.TrimSuffix(stdout, "\n")
	if exit != 0 || token == "" || strings.ContainsAny(token, " \n") || strings.Contains(stderr, token) {
		t.Fatalf("token new: exit status %d, %q on stdout, on stderr:\n%s", exit, stdout, stderr)
	}
	t.Cleanup(func() { revokeTokens(t, "anna") })
	script, err := client.NewToken(system.URL, token)
	if err != nil {
		t.Fatal(err)
	}
	defer script.Close()
	rows, _, err := script.Torrents(t.Context(), client.Filter{})
	if err != nil || len(rows) != len(seenBy(owners(t), "anna")) {
		t.Fatalf("anna's token lists %d torrents: %v", len(rows), err)
	}
	one := client.Torrent{Box: rows[0].Box, Hash: rows[0].Hash}
	_, err = script.Do(t.Context(), client.DoRequest{Do: vocabulary.Stop, Torrents: []client.Torrent{one}})
	if refused := (*client.Error)(nil); !errors.As(err, &refused) || refused.Code != "scope" {
		t.Errorf("a token that may only read stops a torrent: %v", err)
	}
	app := remote{t, "transmission-remote", "anna:" + token}
	if out := app.run("-l"); !strings.Contains(out, rig.SeedingName) {
		t.Errorf("an app with the token says:\n%s", out)
	}

	list, stderr, exit := offing(t, "token", "list", "--for", "anna", "--json")
	var doc struct{ Tokens []client.Token }
	err = json.Unmarshal([]byte(list), &doc)
	made := slices.IndexFunc(doc.Tokens, func(t client.Token) bool { return t.Name == "from the shell" && t.Scope == "read" })
	if err != nil || exit != 0 || made < 0 {
		t.Fatalf("token list: exit status %d, %v: %s%s", exit, err, list, stderr)
	}
	if _, stderr, exit := offing(t, "token", "end", doc.Tokens[made].ID); exit != 0 {
		t.Errorf("token end: exit status %d: %s", exit, stderr)
	}
	_, _, err = script.Torrents(t.Context(), client.Filter{})
	if refused := (*client.Error)(nil); !errors.As(err, &refused) || refused.Code != "bad-token" {
		t.Errorf("a token that was ended is answered with %v", err)
	}
}

// TestInsideAddresses: the box fetches nothing from its own loopback, though it could.
func TestInsideAddresses(t *testing.T) {
	made := newTorrent(t, "inside.txt")
	address := system.WebSeed() + filepath.Base(made.Path)
	there, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer there.Body.Close()
	if there.StatusCode != http.StatusOK {
		t.Fatalf("the torrent is not there to be fetched (%s): this test sees nothing", there.Status)
	}
	for _, url := range []string{address, strings.Replace(address, "127.0.0.1", "localhost", 1), strings.Replace(address, "127.0.0.1", "[::ffff:7f00:1]", 1)} {
		o := ordersOf(t, 1, "add", url)[0]
		if o.State != client.Failed || o.Result == nil || o.Result.Fault == nil || o.Result.Fault.Code != vocabulary.ForbiddenURL {
			t.Errorf("an address inside the box: %+v", o)
		}
	}
	if told(t, made.Hash) != nil {
		t.Error("the box has fetched it")
	}
}

// ordersOf runs offing and returns what it says of its orders.
func ordersOf(t *testing.T, wantExit int, args ...string) []client.Order {
	t.Helper()
	stdout, stderr, exit := offing(t, append(args, "--json")...)
	if exit != wantExit {
		t.Fatalf("offing %s: exit status %d, want %d: %s%s", strings.Join(args, " "), exit, wantExit, stderr, stdout)
	}
	var doc struct{ Commands []client.Order }
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || len(doc.Commands) == 0 {
		t.Fatalf("offing %s: %d orders (%v) in %s", strings.Join(args, " "), len(doc.Commands), err, stdout)
	}
	return doc.Commands
}
