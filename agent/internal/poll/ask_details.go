package poll

import (
	"context"
	"errors"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// watchDetails keeps the details of the open torrents until ctx ends.
func (p *Poller) watchDetails(ctx context.Context) {
	for ctx.Err() == nil {
		if hash, pause := p.nextDetail(); pause > 0 {
			wait(ctx, pause, p.details.wake)
		} else {
			p.askDetail(ctx, hash)
		}
	}
}

// nextDetail returns the torrent whose turn it is, or how long to wait.
func (p *Poller) nextDetail() (hash state.Hash, pause time.Duration) {
	if !p.watched() {
		return hash, nothingToDo
	}
	if p.cfg.State.Session().Daemon != state.DaemonOK {
		return hash, nothingToDo // the list poll tells when there is a daemon again
	}
	d, now := &p.details, time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	var next *openTorrent
	for h, o := range d.open {
		if next == nil || o.due.Before(next.due) {
			hash, next = h, o
		}
	}
	if next == nil {
		return hash, nothingToDo
	}
	if now.Sub(d.round) >= detailInterval {
		d.round, d.asked = now, 0
	}
	begin := later(next.due, d.rest)
	if d.asked >= maxDetails {
		begin = later(begin, d.round.Add(detailInterval))
	}
	if pause := begin.Sub(now); pause > 0 {
		return hash, pause
	}
	d.asked++
	return hash, 0
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// askDetail asks for one torrent.
func (p *Poller) askDetail(ctx context.Context, hash state.Hash) {
	row, _ := p.cfg.State.Get(hash)
	o, known, whole := p.details.begin(hash, &row)
	if o == nil {
		return // it was closed meanwhile
	}
	sent := time.Now()
	detail, err := p.cfg.Daemon.Renew(ctx, known, whole)
	took := min(time.Since(sent), calmInterval)
	switch {
	case err == nil:
		p.details.end(hash, o, detail, sent, false, took)
	case errors.Is(err, transmission.ErrUnknownTorrent):
		p.details.end(hash, o, state.Detail{Hash: hash}, sent, true, took)
	default:
		p.cfg.Log.Debug("cannot ask for a torrent's details", "error", err)
		p.details.missed(o, whole, max(took, retryInterval))
	}
}

// begin returns what is known of a torrent that is about to be asked for, and
// whether its files and pieces are wanted too; nil when it is not open.
func (d *details) begin(hash state.Hash, row *state.Torrent) (o *openTorrent, known state.Detail, whole bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if o = d.open[hash]; o == nil {
		return nil, known, false
	}
	now := time.Now()
	o.due = now.Add(detailInterval)
	if now.Sub(o.whole) >= restInterval || state.Diff(row, &o.row)&restMoves != 0 {
		whole, o.whole, o.row = true, now, *row
	}
	return o, o.detail, whole
}

// end takes an answer, unless the torrent was closed meanwhile, and leaves the
// daemon alone for as long as it took.
func (d *details) end(hash state.Hash, o *openTorrent, detail state.Detail, at time.Time, gone bool, took time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rest = time.Now().Add(took)
	if d.open[hash] != o {
		return
	}
	o.detail, o.at, o.gone = detail, at, gone
	if gone {
		o.whole = time.Time{} // nothing is left to build upon
	}
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

// missed notes that an answer did not come.
func (d *details) missed(o *openTorrent, whole bool, pause time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rest = time.Now().Add(pause)
	if whole {
		o.whole = time.Time{}
	}
}
