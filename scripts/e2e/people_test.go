package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"offing/controller/client"
	"offing/scripts/rig"
	"offing/tunnel/report"
)

// TestEachTheirOwn: three people look at one box over one line, and each page
// shows that person's torrents and no others, live.
func TestEachTheirOwn(t *testing.T) {
	pages := map[string]page{"admin": openPage(t)}
	for _, g := range system.Guests {
		pages[g.User] = openPageOf(t, g)
	}
	all := owners(t)
	for user, p := range pages {
		want := seenBy(all, user)
		p.until(fmt.Sprintf("the %d torrents of %s", len(want), user), fmt.Sprintf("(%s) === %q", shown, strings.Join(want, " ")))
		p.picture("page-of-" + user)
	}
	if len(seenBy(all, "anna")) == 0 || slices.Equal(seenBy(all, "anna"), seenBy(all, "ben")) || len(seenBy(all, "admin")) != len(all) {
		t.Fatal("the people of the rig have the same: this test sees nothing")
	}

	// One change at the box: it moves on the page of everybody whose it is, and
	// nowhere else.
	seeding, err := system.Find(t.Context(), rig.SeedingName)
	if err != nil {
		t.Fatal(err)
	}
	pages["anna"].try("stop a torrent", seeding.Stop)
	stopped := fmt.Sprintf(`document.querySelector('[data-hash="%s"][data-status="stopped"]') !== null`, seeding.Hash)
	pages["anna"].until("that it has stopped", stopped)
	pages["admin"].until("that it has stopped", stopped)

	// What is given appears by itself, and what is taken goes.
	ben := fmt.Sprintf(`document.querySelector('[data-hash="%s"]') !== null`, seeding.Hash)
	if _, stderr, exit := offing(t, "share", "give", "ben", seeding.Hash, "--access", "see"); exit != 0 {
		t.Fatalf("share give: exit status %d: %s", exit, stderr)
	}
	pages["ben"].until("what he was given", ben)
	pages["ben"].until("its state", stopped)
	if _, stderr, exit := offing(t, "share", "take", "ben", seeding.Hash); exit != 0 {
		t.Fatalf("share take: exit status %d: %s", exit, stderr)
	}
	pages["ben"].until("that it is gone", "!("+ben+")")
	pages["anna"].try("start it again", seeding.Start)

	// Whoever is disabled is out at once, and says so on the page.
	if _, stderr, exit := offing(t, "user", "disable", "ben"); exit != 0 {
		t.Fatalf("user disable: exit status %d: %s", exit, stderr)
	}
	pages["ben"].until("the sign-in", `document.querySelector('input[name="password"]') !== null`)
	if _, stderr, exit := offing(t, "user", "enable", "ben"); exit != 0 {
		t.Fatalf("user enable: exit status %d: %s", exit, stderr)
	}
}

// TestForeignDoors: what is not anna's is not there for her at the doors beside
// the page either.
func TestForeignDoors(t *testing.T) {
	web, err := client.NewHTTP(system.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close()
	anna := system.Guests[0]
	if err := web.SignIn(t.Context(), anna.User, anna.Password); err != nil {
		t.Fatal(err)
	}
	box, err := web.List(t.Context(), rig.BoxName)
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range box.Torrents {
		listed = append(listed, row.Hash.String())
	}
	slices.Sort(listed)
	if want := seenBy(owners(t), anna.User); !slices.Equal(listed, want) {
		t.Errorf("the list says %v, want %v", listed, want)
	}
	if box.Host != (report.Host{}) {
		t.Errorf("the list tells of the host: %+v", box.Host)
	}
	for what, ask := range map[string]func(context.Context) error{
		"the people":        func(ctx context.Context) error { _, err := web.Users(ctx); return err },
		"the owners":        func(ctx context.Context) error { _, err := web.Owners(ctx, client.OwnersFilter{}); return err },
		"a role":            func(ctx context.Context) error { return web.SetRole(ctx, anna.User, "admin") },
		"another's session": func(ctx context.Context) error { return web.EndSessions(ctx, system.User) },
		"a quota":           func(ctx context.Context) error { return web.SetQuota(ctx, anna.User, client.Quota{}) },
		"another's torrent": func(ctx context.Context) error {
			var foreign []client.Torrent
			for _, o := range owners(t) {
				if !slices.Contains(listed, o.Hash.String()) {
					foreign = append(foreign, o.Torrent)
				}
			}
			_, err := web.Grant(ctx, foreign, anna.User, "see")
			return err
		},
	} {
		if err := ask(t.Context()); err == nil {
			t.Errorf("anna may ask for %s", what)
		}
	}
}

// shown is the JavaScript expression of the hashes that a page shows, in order.
const shown = `[...document.querySelectorAll('[data-hash]')].map(e => e.dataset.hash).sort().join(" ")`

// owners asks the controller, at its socket, whose the torrents are.
func owners(t *testing.T) []client.Owned {
	t.Helper()
	c := client.New(system.Socket)
	defer c.Close()
	all, err := c.Owners(t.Context(), client.OwnersFilter{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// seenBy returns the hashes of the torrents that somebody sees, in order.
func seenBy(all []client.Owned, user string) (hashes []string) {
	for _, o := range all {
		if user == "admin" || slices.ContainsFunc(o.Grants, func(g client.Grant) bool { return g.User == user }) {
			hashes = append(hashes, o.Hash.String())
		}
	}
	slices.Sort(hashes)
	return hashes
}
