package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"offing/controller/client"
	"offing/scripts/rig"
	vocabulary "offing/tunnel/command"
	"offing/tunnel/state"
)

// TestAct: somebody stops and starts a torrent, adds one and removes it with its
// data, on the page alone; the box does it, and each step is to be seen.
func TestAct(t *testing.T) {
	p := openPageOf(t, system.Guests[0])
	seeding, err := system.Find(t.Context(), rig.SeedingName)
	if err != nil {
		t.Fatal(err)
	}
	stopAndStart(t, p, seeding.Hash)

	made := newTorrent(t, "buoy-positions.csv")
	p.add(func(ctx context.Context) error {
		return p.Do(ctx, setFile(`[data-dialog="add"] input[type="file"]`, made.Path))
	})
	p.until("that it was added", added("Added: "+made.Name))
	p.pictures("add")
	p.closeDialog()
	p.until("its row", has(row(made.Hash)+`[data-status="seeding"]`))
	untilTold(t, "the new torrent to seed", made.Hash, isSeeding)

	p.add(func(ctx context.Context) error {
		return p.Do(ctx, chromedp.SendKeys(`[data-dialog="add"] textarea[name="links"]`, made.Magnet()))
	})
	p.until("that it was there already", added("It was there already: "+made.Name))
	p.closeDialog()

	p.pick(made.Hash)
	p.click("remove", `[data-selected="1"] [data-do="remove"]`)
	p.click("that its data is to go", `[data-dialog="remove"] input[name="data"]`)
	p.picture("remove")
	p.click("the last word", `[data-do="remove-yes"]`)
	p.until("that it is gone", "!("+has(row(made.Hash))+")")
	gone(t, made)

	p.click("the commands", `[data-do="commands"]`)
	for _, what := range []string{"Stop " + rig.SeedingName, "Start " + rig.SeedingName, "Add " + made.Name, "Remove"} {
		p.until("what was done: "+what, fmt.Sprintf(
			`[...document.querySelectorAll('[data-dialog="commands"] [data-state="done"]')].some(e => e.innerText.replace(/\s+/g, " ").startsWith(%q))`, what))
	}
	p.pictures("commands")
}

// stopAndStart stops a torrent that seeds from the bar of actions, while the daemon
// holds its breath so that what is only asked for can be looked at, and starts it again.
func stopAndStart(t *testing.T, p page, hash string) {
	t.Helper()
	daemon := system.PIDs().Transmission
	p.until("the torrent seeding", has(row(hash)+`[data-status="seeding"]:not([data-pending])`))
	p.pick(hash)
	freeze(t, daemon)
	p.click("stop", `[data-selected="1"] [data-do="stop"]`)
	p.until("that it is asked for, and not yet so", has(row(hash)+`[data-status="seeding"][data-pending="stop"]`))
	p.pictures("pending")
	thaw(t, daemon)
	p.until("that it has stopped", has(row(hash)+`[data-status="stopped"]:not([data-pending])`))
	untilTold(t, "the torrent to stop", hash, isStopped)

	p.click("start", `[data-selected="1"] [data-do="start"]`)
	p.until("that it seeds", has(row(hash)+`[data-status="seeding"]:not([data-pending])`))
	untilTold(t, "the torrent to seed", hash, isSeeding)
	p.click("the cross", `[data-do="clear"]`)
}

// TestForeignCommands: a torrent of ben's is not there for anna, whatever she asks
// for, in the words that she hears of one that is nowhere.
func TestForeignCommands(t *testing.T) {
	paused, err := system.Find(t.Context(), rig.PausedName)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := state.ParseHash(paused.Hash)
	if err != nil {
		t.Fatal(err)
	}
	web := signIn(t, system.Guests[0])
	before := told(t, paused.Hash)
	on, name := true, "else"
	labels := []string{"mine"}
	for _, r := range []client.DoRequest{
		{Do: vocabulary.Start}, {Do: vocabulary.StartNow}, {Do: vocabulary.Stop}, {Do: vocabulary.Verify}, {Do: vocabulary.Reannounce},
		{Do: vocabulary.Remove, Remove: &vocabulary.Removal{Data: true}},
		{Do: vocabulary.Move, Move: &vocabulary.Moving{Dir: "else"}},
		{Do: vocabulary.Rename, Rename: &vocabulary.Renaming{Path: rig.PausedName, Name: name}},
		{Do: vocabulary.Change, Change: &vocabulary.Changes{Labels: &labels, DownLimited: &on}},
		{Do: vocabulary.QueueTop}, {Do: vocabulary.QueueUp}, {Do: vocabulary.QueueDown}, {Do: vocabulary.QueueEnd},
	} {
		var said [2]client.Error
		for i, hash := range []state.Hash{foreign, {1, 2, 3}} {
			r.Torrents = []client.Torrent{{Box: rig.BoxName, Hash: hash}}
			var refused *client.Error
			if _, err := web.Do(t.Context(), r); !errors.As(err, &refused) {
				t.Fatalf("%s: %v, want a refusal", r.Do, err)
			}
			said[i] = *refused
		}
		if said[0].Code != string(vocabulary.UnknownTorrent) || said[0] != said[1] {
			t.Errorf("%s: of ben's torrent anna hears %+v, of one that is nowhere %+v", r.Do, said[0], said[1])
		}
	}
	var refused *client.Error
	if _, err := web.Torrent(t.Context(), rig.BoxName, foreign); !errors.As(err, &refused) || refused.Code != string(vocabulary.UnknownTorrent) {
		t.Errorf("the details of ben's torrent: %v", err)
	}
	after := told(t, paused.Hash)
	if after == nil || *after.Status != *before.Status || *after.Name != *before.Name || *after.DownloadDir != *before.DownloadDir || len(after.Labels) != 0 {
		t.Errorf("ben's torrent was %+v and is %+v", before, after)
	}
	if orders, err := web.Commands(t.Context()); err != nil {
		t.Error(err)
	} else {
		for _, o := range orders {
			if o.User != system.Guests[0].User {
				t.Errorf("anna is told of a command of %q", o.User)
			}
		}
	}
}

// signIn returns a client with somebody's session.
func signIn(t *testing.T, who rig.Person) *client.Client {
	t.Helper()
	web, err := client.NewHTTP(system.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(web.Close)
	if err := web.SignIn(t.Context(), who.User, who.Password); err != nil {
		t.Fatal(err)
	}
	return web
}
