package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hekmon/transmissionrpc/v2"

	"offing/controller/client"
	"offing/scripts/rig"
)

// TestOrdersWait: while the box's Tor is dead an order waits and says why, at the
// shell and on the page; when Tor is back it is done without anybody asking again,
// and one that was cancelled is not.
func TestOrdersWait(t *testing.T) {
	p := openPageOf(t, system.Guests[0])
	shell, page, paused := named(t, "lighthouse-recordings.flac"), named(t, rig.SeedingName), named(t, rig.PausedName)
	p.until("a torrent that seeds", boxUp+" && "+has(row(page)+`[data-status="seeding"]`))

	// The agent is held, so that Tor is back when this test says so and not before.
	agent := system.PIDs().Agent
	freeze(t, agent)
	kill(t, system.PIDs().TorBox)
	p.until("that the line is down", boxDown)

	stop := ordersOf(t, 0, "stop", shell, "--no-wait")[0]
	start := ordersOf(t, 0, "start", paused, "--no-wait")[0]
	if _, stderr, exit := offing(t, "log", "--cancel", start.ID.String()); exit != 0 {
		t.Errorf("log --cancel: exit status %d: %s", exit, stderr)
	}
	p.pick(page)
	p.click("stop", `[data-selected="1"] [data-do="stop"]`)
	p.until("that it is asked for", has(row(page)+`[data-pending="stop"]`))
	p.click("the commands", `[data-do="commands"]`)
	p.until("that it waits, and why", `document.querySelector('[data-dialog="commands"] [data-state="waiting"] .waits')?.textContent.trim().length > "Waiting".length`)
	p.pictures("waiting")
	if now := logged(t, stop); now.State != client.Waiting || now.Why == "" {
		t.Errorf("the log says %+v of what waits", now)
	}

	thaw(t, agent)
	p.until("that it is done", has(`[data-dialog="commands"] [data-state="done"]`)+" && !("+has(`[data-dialog="commands"] [data-state="waiting"]`)+")")
	p.closeDialog()
	p.until("that it has stopped", has(row(page)+`[data-status="stopped"]:not([data-pending])`))
	untilTold(t, "the torrent of the page to stop", page, isStopped)
	untilTold(t, "the torrent of the shell to stop", shell, isStopped)
	if now := untilEnded(t, stop); now.State != client.Done {
		t.Errorf("the log says %+v of what was done", now)
	}
	if now := logged(t, start); now.State != client.Cancelled || !isStopped(told(t, paused)) {
		t.Errorf("the log says %+v of what was cancelled", now)
	}
	ordersOf(t, 0, "start", shell, page)
	untilTold(t, "the torrent of the page to seed", page, isSeeding)
	untilTold(t, "the torrent of the shell to seed", shell, isSeeding)
}

// TestOrdersOutliveKills: a bulk command is done though the controller and the agent
// are killed in the midst of it, where the daemon holds its breath.
func TestOrdersOutliveKills(t *testing.T) {
	made := make([]rig.Made, 24)
	for i := range made {
		made[i] = newTorrent(t, fmt.Sprintf("bulk-%02d.bin", i))
	}
	add := []string{"add"}
	for _, m := range made {
		add = append(add, m.Path)
	}
	ordersOf(t, 0, add...)
	for _, m := range made {
		untilTold(t, m.Name+" to seed", m.Hash, isSeeding)
	}
	before, err := system.Told(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := system.PIDs()
	freeze(t, old.Transmission)
	stop := ordersOf(t, 0, "stop", "--all", "--yes", "--no-wait")[0]
	eventually(t, "the box to have the order", func() bool { return logged(t, stop).State == client.Sent })
	kill(t, old.Controller)
	kill(t, old.Agent)
	thaw(t, old.Transmission)
	if stop.Of != len(before) {
		t.Errorf("%d torrents are to be stopped, of %d", stop.Of, len(before))
	}
	eventually(t, "new processes", func() bool {
		now := system.PIDs()
		return now.Controller != 0 && now.Controller != old.Controller && now.Agent != 0 && now.Agent != old.Agent
	})
	if now := untilEnded(t, stop); now.State != client.Done || now.Result == nil || now.Result.Done != stop.Of || now.Result.Failed != 0 {
		t.Errorf("the log says %+v", now)
	}
	eventually(t, "home to know the box again", func() bool {
		_, _, exit := offing(t, "show", made[0].Hash)
		return exit == 0
	})
	var again []string
	for hash, was := range before {
		untilTold(t, "each torrent to stop", hash, isStopped)
		if *was.Status != transmissionrpc.TorrentStatusStopped && !slices.ContainsFunc(made, func(m rig.Made) bool { return m.Hash == hash }) {
			again = append(again, hash)
		}
	}
	remove := []string{"remove", "--data", "--yes"}
	for _, m := range made {
		remove = append(remove, m.Hash)
	}
	ordersOf(t, 0, remove...)
	for _, m := range made {
		gone(t, m)
	}
	ordersOf(t, 0, append([]string{"start"}, again...)...)
	for _, hash := range again {
		untilTold(t, "what had seeded to seed", hash, isSeeding)
	}
}

// named returns the info hash of a torrent of the scene.
func named(t *testing.T, name string) string {
	t.Helper()
	one, err := system.Find(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return one.Hash
}

// logged returns what the log says of an order.
func logged(t *testing.T, o client.Order) client.Order {
	t.Helper()
	return ordersOf(t, 0, "log", o.ID.String())[0]
}

// untilEnded waits for the end of an order, over whatever happens to the controller.
func untilEnded(t *testing.T, o client.Order) client.Order {
	t.Helper()
	c := client.New(system.Socket)
	defer c.Close()
	eventually(t, "the order to end", func() bool {
		now, err := c.Command(t.Context(), o.ID, client.MaxWait)
		return err == nil && now.HasEnded()
	})
	return logged(t, o)
}
