package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"offing/scripts/browser"
	"offing/scripts/rig"
	"offing/tunnel/report"
)

const boxDown = `document.querySelector('[data-line="down"],[data-line="connecting"]') !== null`
const boxUp = `document.querySelector('[data-line="up"]') !== null`

// TestLine is the first promise of Offing: a download on the box moves in a
// browser at home, the page tells the truth when the box's Tor is killed, and
// every door says the same.
func TestLine(t *testing.T) {
	p := openPage(t)
	p.until("a row for the download", browser.Bar(system.Followed)+" !== null")
	p.try("start the downloads", system.Move)
	if at := p.progress(system.Followed); at >= 30 {
		t.Errorf("the page shows the download first at %.1f %%, want under 30", at)
	}
	for _, status := range []string{"downloading", "seeding", "stopped", "checking"} {
		p.until("a torrent that is "+status, fmt.Sprintf(`document.querySelector('[data-hash][data-status="%s"]') !== null`, status))
	}
	before := p.progress(system.Followed)
	p.until("the bar moving", fmt.Sprintf(`Number(%s.getAttribute("aria-valuenow")) > %f`, browser.Bar(system.Followed), before))

	kill(t, system.PIDs().TorBox)
	p.until("that the line is down", boxDown)
	p.picture("line-down")
	p.until("that the line is back", boxUp)

	p.until("the download complete", browser.Bar(system.Followed)+`.getAttribute("aria-valuenow") === "100.0"`)
	p.until("that it seeds", `document.querySelector('[data-hash="`+system.Followed+`"]').dataset.status === "seeding"`)
	p.picture("complete")

	home := statusOf(t, 1, "status", "--json")
	direct := statusOf(t, 1, "status", "--json", "--direct", rig.BoxName)
	ssh := plainSSH(t)
	for door, box := range map[string]report.Box{"status": home, "status --direct": direct, "plain ssh": ssh} {
		row := find(t, door, box)
		if row.Progress != 1 || row.Left != 0 || row.State != "seeding" {
			t.Errorf("%s: the complete download is %+v", door, row)
		}
		if want := find(t, "status", home); row.Size != want.Size || row.Name != want.Name {
			t.Errorf("%s: the download is %+v, the controller says %+v", door, row, want)
		}
		if box.Totals.Torrents != home.Totals.Torrents || box.Totals.Size != home.Totals.Size {
			t.Errorf("%s: totals are %+v, the controller says %+v", door, box.Totals, home.Totals)
		}
		if box.Daemon.Version != home.Daemon.Version || box.Daemon.State != "ok" {
			t.Errorf("%s: the daemon is %+v, the controller says %+v", door, box.Daemon, home.Daemon)
		}
	}
}

// TestKilledPartsComeBack kills what can be killed and waits for the page to
// say so, and to be right again, each time.
func TestKilledPartsComeBack(t *testing.T) {
	p := openPage(t)
	lineUp := `document.querySelector('[data-line="up"]') !== null`
	for _, part := range []struct {
		name    string
		pid     func() int
		noticed string
	}{
		{"agent", func() int { return system.PIDs().Agent }, boxDown},
		{"home's Tor", func() int { return system.PIDs().TorHome }, boxDown},
		{"controller", func() int { return system.PIDs().Controller }, `document.querySelector('[data-live="live"]') === null`},
		// It is back within a second, which a quiet box need not notice.
		{"transmission", func() int { return system.PIDs().Transmission }, "true"},
	} {
		old := part.pid()
		kill(t, old)
		p.until("the loss of the "+part.name, part.noticed)
		eventually(t, "a new "+part.name, func() bool { now := part.pid(); return now != 0 && now != old })
		p.until("the "+part.name+" back", lineUp+` && document.querySelector('[data-live="live"]') !== null && document.querySelector('[data-daemon="unreachable"]') === null`)
	}
}

// TestSocketMode: who may write to the socket is the administrator.
func TestSocketMode(t *testing.T) {
	info, err := os.Stat(system.Socket)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode(); mode&os.ModeSocket == 0 || mode.Perm() != 0o600 {
		t.Errorf("%s has mode %v, want a socket with 0600", filepath.Base(system.Socket), mode)
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid == 0 {
		t.Fatal("there is no such process to kill")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// statusOf runs offing and returns the one box of its JSON.
func statusOf(t *testing.T, wantExit int, args ...string) report.Box {
	t.Helper()
	stdout, stderr, exit := offing(t, args...)
	if exit != wantExit {
		t.Fatalf("offing %s: exit status %d, want %d: %s", strings.Join(args, " "), exit, wantExit, stderr)
	}
	var doc struct{ Boxes []report.Box }
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || len(doc.Boxes) != 1 {
		t.Fatalf("offing %s: %d boxes (%v) in %s", strings.Join(args, " "), len(doc.Boxes), err, stdout)
	}
	return doc.Boxes[0]
}

// plainSSH asks the agent with OpenSSH alone, through home's Tor.
func plainSSH(t *testing.T) report.Box {
	t.Helper()
	if _, stderr, exit := offing(t, "box", "ssh-config", rig.BoxName); exit != 0 {
		t.Fatalf("box ssh-config: exit status %d: %s", exit, stderr)
	}
	config := filepath.Join(system.State, "home", "ssh", rig.BoxName+".config")
	stdout, stderr, exit := command(t, "ssh", "-F", config, "offing-"+rig.BoxName, "status", "--json")
	if exit != 1 { // the scene has a torrent in error
		t.Fatalf("ssh: exit status %d: %s", exit, stderr)
	}
	var box report.Box
	if err := json.Unmarshal([]byte(stdout), &box); err != nil {
		t.Fatalf("ssh: %v in %s", err, stdout)
	}
	return box
}

func find(t *testing.T, door string, box report.Box) report.Torrent {
	t.Helper()
	for _, row := range box.Torrents {
		if row.Hash.String() == system.Followed {
			return row
		}
	}
	t.Fatalf("%s: the download is not among %d torrents", door, len(box.Torrents))
	return report.Torrent{}
}
