package e2e

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offing/controller/client"
	"offing/scripts/rig"
)

// TestRemotes: transmission-remote of both generations does at the controller what it
// does at a daemon, with one person's torrents.
func TestRemotes(t *testing.T) {
	anna := system.Guests[0]
	token := newAppToken(t, anna)
	for generation, program := range map[string]string{"3.00": "transmission-remote", "4.1": newer(t, "bin", "transmission-remote")} {
		t.Run(generation, func(t *testing.T) {
			r := remote{t, program, anna.User + ":" + token}
			r.test(generation)
			r.login = anna.User + ":" + strings.Repeat("x", len(token))
			if out := r.run("-l"); strings.Contains(out, rig.SeedingName) || !strings.Contains(out, "Sign in with") {
				t.Errorf("with a wrong token: %s", out)
			}
		})
	}
}

// remote is a transmission-remote with somebody's login.
type remote struct {
	t              *testing.T
	program, login string
}

func (r remote) run(args ...string) string {
	r.t.Helper()
	stdout, stderr, _ := command(r.t, r.program, append([]string{system.URL + "transmission/", "-n", r.login}, args...)...)
	return stdout + stderr // how it went its words say, not its exit status
}

// says runs it and checks that each of the words is in what it says.
func (r remote) says(words []string, args ...string) {
	r.t.Helper()
	out := r.run(args...)
	for _, word := range words {
		if !strings.Contains(out, word) {
			r.t.Errorf("%s: %q is not in\n%s", strings.Join(args, " "), word, out)
		}
	}
	if strings.Contains(out, rig.PausedName) {
		r.t.Errorf("%s tells of ben's torrent:\n%s", strings.Join(args, " "), out)
	}
}

func (r remote) test(generation string) {
	t, success := r.t, []string{"success"}
	seeding := named(t, rig.SeedingName)
	r.says([]string{rig.SeedingName, rig.FollowedName, "coastline-survey.tar"}, "-l")
	r.says([]string{rig.SeedingName, seeding, system.Downloads(), "100%"}, "-t", seeding, "-i")
	r.says([]string{rig.SeedingName, "100%"}, "-t", seeding, "-f")
	r.says([]string{"(offing)", system.Downloads()}, "-si")

	made := newTorrent(t, "remote-"+generation+".csv")
	r.says(success, "-a", made.Path)
	untilTold(t, "the new torrent to seed", made.Hash, isSeeding)
	r.says(success, "-t", made.Hash, "-S")
	untilTold(t, "the torrent to stop", made.Hash, isStopped)
	r.says(success, "-t", made.Hash, "-s")
	untilTold(t, "the torrent to seed", made.Hash, isSeeding)
	r.says(success, "-t", made.Hash, "-d", "50")
	if generation != "3.00" { // which has no word for labels of a torrent in its help
		r.says(success, "-t", made.Hash, "-L", "a,b")
	}
	moved := filepath.Join(system.Downloads(), "moved-"+generation)
	t.Cleanup(func() { os.Remove(moved) })
	r.says(success, "-t", made.Hash, "--move", moved)
	now := told(t, made.Hash)
	if *now.DownloadLimit != 50 || !*now.DownloadLimited || *now.DownloadDir != moved || generation != "3.00" && !slices.Equal(now.Labels, []string{"a", "b"}) {
		t.Errorf("Transmission says limit %d %v, folder %s, labels %v", *now.DownloadLimit, *now.DownloadLimited, *now.DownloadDir, now.Labels)
	}
	made.Data = filepath.Join(moved, made.Name)
	if _, err := os.Stat(made.Data); err != nil {
		t.Error(err)
	}
	if out := r.run("-t", made.Hash, "--move", "/tmp"); strings.Contains(out, "success") {
		t.Errorf("to a folder outside of the download tree: %s", out)
	}

	foreign := named(t, rig.PausedName)
	r.run("-t", foreign, "-s")
	r.run("-t", foreign, "--remove-and-delete")
	if one := told(t, foreign); one == nil || !isStopped(one) {
		t.Errorf("of ben's torrent Transmission says %+v", one)
	}
	r.says(success, "-t", made.Hash, "--remove-and-delete")
	gone(t, made)
}

// newer is a file of Transmission 4.1, which scripts/test unpacks beside the
// system's 3.00.
func newer(t *testing.T, path ...string) string {
	t.Helper()
	daemon := os.Getenv("OFFING_TRANSMISSION_41")
	if daemon == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		daemon = filepath.Join(cache, "offing", "transmission-4.1", "bin", "transmission-daemon")
	}
	file := filepath.Join(append([]string{filepath.Dir(filepath.Dir(daemon))}, path...)...)
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("Transmission 4.1 is missing: run `. scripts/lib.sh && need_transmission_41` (%v)", err)
	}
	return file
}

// newAppToken makes an API token for somebody's apps, as the page of the account does.
func newAppToken(t *testing.T, who rig.Person) string {
	t.Helper()
	token, err := system.Token(t.Context(), who, "an app "+t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { revokeTokens(t, who.User) })
	return token
}

func revokeTokens(t *testing.T, user string) {
	c := client.New(system.Socket)
	defer c.Close()
	tokens, err := c.Tokens(context.Background(), user)
	if err != nil {
		t.Error(err)
	}
	for _, token := range tokens {
		if err := c.RevokeToken(context.Background(), user, token.ID); err != nil {
			t.Error(err)
		}
	}
}
