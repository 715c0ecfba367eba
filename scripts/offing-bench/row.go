package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// record makes the page note when the row of a torrent changes its status.
const record = `(() => {
	const row = document.querySelector('[data-hash="%s"]');
	window.changes = [];
	new MutationObserver(() => window.changes.push(row.dataset.status + " " + Date.now()))
		.observe(row, {attributes: true, attributeFilter: ["data-status"]});
	return "";
})()`

// watchedRow is a torrent's row whose changes the page notes.
type watchedRow struct{ page *browser.Page }

// watchSeeding returns the torrent that seeds, and its row.
func watchSeeding(ctx context.Context, s *rig.System, p *browser.Page) (*rig.Torrent, watchedRow, error) {
	t, err := s.Find(ctx, rig.SeedingName)
	if err != nil {
		return nil, watchedRow{}, err
	}
	if err := p.Until(ctx, fmt.Sprintf(`document.querySelector('[data-hash="%s"][data-status="seeding"]') !== null`, t.Hash)); err != nil {
		return nil, watchedRow{}, err
	}
	_, err = p.Text(ctx, fmt.Sprintf(record, t.Hash))
	return t, watchedRow{p}, err
}

// shows waits until the row has that status, returns when it got it, and forgets
// what was noted.
func (r watchedRow) shows(ctx context.Context, status string) (time.Time, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the page does not show that the torrent is "+status))
	defer cancel()
	seen := fmt.Sprintf(`window.changes.find(c => c.startsWith("%s "))`, status)
	if err := r.page.Until(ctx, seen); err != nil {
		return time.Time{}, err
	}
	text, err := r.page.Text(ctx, seen+`.split(" ")[1]`)
	if err != nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	_, err = r.page.Text(ctx, `(window.changes = [], "")`)
	return time.UnixMilli(ms), err
}
