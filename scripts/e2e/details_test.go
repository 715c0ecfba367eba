package e2e

import (
	"context"
	"fmt"
	"testing"

	"offing/scripts/rig"
)

// TestDetails: what is in a torrent comes from the daemon, through the line, to
// each page that has it open, and to nobody else's.
func TestDetails(t *testing.T) {
	anna, ben := system.Guests[0], system.Guests[1]
	paused, err := system.Find(t.Context(), rig.PausedName)
	if err != nil {
		t.Fatal(err)
	}
	first, second := openPageOf(t, ben), openPageOf(t, ben)
	for _, p := range []page{first, second} {
		p.open(paused.Hash)
		p.until("two fifths of the pieces", `(() => {
			const said = document.querySelector('[data-pieces] [role=img]')?.ariaLabel.match(/^(\d+) of (\d+) pieces/);
			return said && said[1] > 0 && said[1] * 5 == said[2] * 2;
		})()`)
		p.click("the files", `[data-tab="files"]`)
		p.until("its one file", fmt.Sprintf(`[...document.querySelectorAll('[data-file] .name')].map(e => e.textContent).join() === %q`, rig.PausedName))
		p.click("the peers", `[data-tab="peers"]`)
		p.until("that it has none", `document.querySelector('#detail-body').innerText.includes("No peers are connected")`)
		p.picture("details")
	}

	// One page less is no page less for the other.
	first.click("the cross", "[data-close]")
	first.until("the list alone", `document.querySelector('[data-detail]') === null`)
	second.until("the torrent still", `document.querySelector('[data-detail="here"]') !== null`)
	first.open(paused.Hash)

	// By its address another's torrent is as if it were not there.
	foreign := openPageOf(t, anna)
	foreign.try("open a torrent of ben's", func(ctx context.Context) error {
		_, err := foreign.Text(ctx, fmt.Sprintf("location.hash = %q", "torrent/"+rig.BoxName+"/"+paused.Hash))
		return err
	})
	foreign.until("no such torrent", `document.querySelector('[data-detail="gone"]') !== null`)
	foreign.until("nothing of it", fmt.Sprintf(`!document.body.innerText.includes(%q)`, rig.PausedName))
}

// open clicks a torrent's row and waits for what the box tells of it.
func (p page) open(hash string) {
	p.t.Helper()
	p.click("a torrent", fmt.Sprintf(`[data-hash=%q] .name`, hash))
	p.until("its details", fmt.Sprintf(`document.querySelector('[data-detail="here"][data-hash=%q]') !== null`, hash))
}
