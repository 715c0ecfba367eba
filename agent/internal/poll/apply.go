package poll

import (
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// apply puts an answer, to a question that was sent at that time, into the state, as
// one change.
func (p *Poller) apply(a answer, session state.Session, sent time.Time) {
	p.note(session)
	if !a.moving {
		p.settle(a.list.Rows, sent.Unix())
	}
	p.settle(a.named.Rows, sent.Unix())
	p.update(func(tx *state.Tx) {
		// Removals first: a torrent that was removed and added again within the
		// minute is in both lists, under two ids.
		for _, id := range a.list.Removed {
			if hash, ok := p.ids[id]; ok {
				tx.Remove(hash)
				delete(p.ids, id)
			}
		}
		if a.moving {
			move(tx, a.list.Rows)
		} else {
			p.put(tx, a.list.Rows)
		}
		p.put(tx, a.named.Rows)
		if a.which == transmission.All {
			keep(tx, a.list.Rows)
		}
		p.setSession(tx, session)
	})
}

// setSession takes the daemon's part, and its settings when they were asked for.
func (p *Poller) setSession(tx *state.Tx, session state.Session) {
	tx.SetSession(session)
	if p.settings != nil {
		tx.SetSettings(*p.settings)
		p.settings = nil
	}
}

// put takes whole rows.
func (p *Poller) put(tx *state.Tx, rows []transmission.Row) {
	for i := range rows {
		p.ids[rows[i].ID] = rows[i].Torrent.Hash
		tx.Put(&rows[i].Torrent)
	}
}

// move takes what moves. What cannot be taken without the rest of the row comes
// with a whole one, or else at the next poll.
func move(tx *state.Tx, rows []transmission.Row) {
	for i := range rows {
		t := &rows[i].Torrent
		if t.Hash == (state.Hash{}) {
			continue
		}
		fields := transmission.MovingFields
		if t.Error == state.NoError {
			fields |= state.FieldError // which then has no text
		}
		// The only error is that the torrent is not there: this very answer
		// says that it was removed.
		_ = tx.Merge(&state.Change{Fields: fields, Torrent: *t})
	}
}

// keep removes every torrent that is not in the rows.
func keep(tx *state.Tx, rows []transmission.Row) {
	all := make(map[state.Hash]struct{}, len(rows))
	for i := range rows {
		all[rows[i].Torrent.Hash] = struct{}{}
	}
	tx.Keep(func(h state.Hash) bool { _, ok := all[h]; return ok })
}

// fail says in the state why it is not true any more. The torrents stay as they
// were last known; their age tells how old that is.
func (p *Poller) fail(err error) {
	p.failures++
	p.lastSession, p.nextWhole = time.Time{}, time.Time{} // both are asked for with the first answer
	session := p.cfg.State.Session()
	session.Daemon, session.DaemonText = p.cfg.Daemon.Explain(err)
	p.note(session)
	p.cfg.Log.Debug("poll failed", "error", err)
	p.update(func(tx *state.Tx) { tx.SetSession(session) })
}

// note logs how the agent gets on with the daemon, when that has changed.
func (p *Poller) note(now state.Session) {
	before := p.cfg.State.Session()
	switch {
	case now.Daemon == before.Daemon && now.DaemonText == before.DaemonText:
	case now.Daemon == state.DaemonOK:
		p.cfg.Log.Info("the torrent daemon answers", "version", now.Version)
	default:
		p.cfg.Log.Warn("trouble with the torrent daemon", "state", now.Daemon.String(), "reason", now.DaemonText)
	}
}

// update is State.Update for a change that cannot fail.
func (p *Poller) update(change func(*state.Tx)) {
	_ = p.cfg.State.Update(func(tx *state.Tx) error {
		change(tx)
		return nil
	})
}
