package poll

import (
	"context"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// poll asks the daemon once and brings the state up to date.
func (p *Poller) poll(ctx context.Context) error {
	which := p.selection()
	session, err := p.session(ctx, which)
	if err != nil {
		return err
	}
	sent := time.Now()
	listing, err := p.cfg.Daemon.Torrents(ctx, which)
	if err != nil {
		return err
	}
	if which == transmission.RecentlyActive && listing.Run != p.run {
		// The daemon has started again, and "recently" with it.
		p.nextFull = time.Time{}
		return p.poll(ctx)
	}
	if which == transmission.All {
		p.nextFull = sent.Add(p.cfg.Full)
		if listing.Run != p.run {
			p.nextFull = sent.Add(min(settleInterval, p.cfg.Full))
		}
		p.ids = make(map[int64]state.Hash, len(listing.Rows))
	}
	p.run = listing.Run
	p.apply(&listing, which, session)
	p.cfg.State.Touch(sent)
	p.lastOK = sent
	p.failures = 0
	return nil
}

// selection tells how much has to be asked for.
func (p *Poller) selection() transmission.Selection {
	if now := time.Now(); !now.Before(p.nextFull) || now.Sub(p.lastOK) >= recentWindow {
		return transmission.All
	}
	return transmission.RecentlyActive
}

// session returns the daemon's part of the state, asking for it when it is due.
func (p *Poller) session(ctx context.Context, which transmission.Selection) (state.Session, error) {
	if which != transmission.All && time.Since(p.lastSession) < sessionInterval {
		return p.cfg.State.Session(), nil
	}
	began := time.Now()
	s, err := p.cfg.Daemon.Session(ctx)
	if err != nil {
		return state.Session{}, err
	}
	p.lastSession = began
	p.setDownloadDir(s.DownloadDir)
	return state.Session{
		Daemon:     state.DaemonOK,
		Version:    s.Version,
		RPCVersion: s.RPCVersion,
		AltSpeed:   s.AltSpeed,
	}, nil
}

// apply puts an answer into the state, as one change.
func (p *Poller) apply(l *transmission.Listing, which transmission.Selection, session state.Session) {
	p.note(session)
	seen := make(map[state.Hash]bool)
	p.update(func(tx *state.Tx) {
		// Removals first: a torrent that was removed and added again within the
		// minute is in both lists, under two ids.
		for _, id := range l.Removed {
			if hash, ok := p.ids[id]; ok {
				tx.Remove(hash)
				delete(p.ids, id)
			}
		}
		for i := range l.Rows {
			row := &l.Rows[i]
			p.ids[row.ID] = row.Torrent.Hash
			tx.Put(&row.Torrent)
			if which == transmission.All {
				seen[row.Torrent.Hash] = true
			}
		}
		if which == transmission.All {
			tx.Keep(func(h state.Hash) bool { return seen[h] })
		}
		tx.SetSession(session)
	})
}

// fail says in the state why it is not true any more. The torrents stay as they
// were last known; their age tells how old that is.
func (p *Poller) fail(err error) {
	p.failures++
	p.nextFull = time.Time{}
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
