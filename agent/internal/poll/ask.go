package poll

import (
	"context"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

// memory is what a fast poll uses again, so that it leaves no garbage.
type memory struct {
	recent  transmission.Listing
	named   transmission.Listing
	missing []int64
	known   state.Torrent
}

// answer is what the daemon said in one poll.
type answer struct {
	which  transmission.Selection
	moving bool                  // list holds only what moves
	list   *transmission.Listing // of which the rows without a hash are to be left out
	named  *transmission.Listing // whole rows that replace those of list
}

// poll asks the daemon once and brings the state up to date.
func (p *Poller) poll(ctx context.Context) error {
	which := p.selection()
	session, err := p.session(ctx, which)
	if err != nil {
		return err
	}
	sent := time.Now()
	a, err := p.ask(ctx, which)
	if err != nil {
		return err
	}
	if which == transmission.RecentlyActive && (a.list.Run != p.run || len(a.named.Rows) > 0 && a.named.Run != p.run) {
		// The daemon has started again, and "recently" with it.
		p.nextFull = time.Time{}
		return p.poll(ctx)
	}
	if p.isLoading(&a, sent) {
		p.nextFull = time.Time{}
		p.note(session)
		p.update(func(tx *state.Tx) { p.setSession(tx, session) })
		return nil
	}
	if which == transmission.All {
		p.nextFull = sent.Add(spread(p.cfg.Full))
		if a.list.Run != p.run {
			p.nextFull = sent.Add(min(settleInterval, p.cfg.Full))
		}
		clear(p.ids)
	}
	if !a.moving {
		p.nextWhole = sent.Add(wholeInterval)
	}
	p.run = a.list.Run
	before := p.cfg.State.Session().Daemon
	p.apply(a, session, sent)
	if before != state.DaemonOK {
		wakeUp(p.details.wake)
	}
	p.cfg.State.Touch(sent)
	p.lastOK = sent
	p.failures = 0
	return nil
}

// isLoading tells whether a list says nothing: a daemon that has just started
// answers for a moment, of either generation, as if it had no torrents.
func (p *Poller) isLoading(a *answer, sent time.Time) bool {
	if a.list.Run != p.newest {
		p.newest, p.newestSince = a.list.Run, sent
	}
	p.loading = p.patient && a.which == transmission.All && len(a.list.Rows) == 0 && sent.Sub(p.newestSince) < settleInterval
	return p.loading
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
	p.settings = &s.Settings
	return state.Session{
		Daemon:     state.DaemonOK,
		Version:    s.Version,
		RPCVersion: s.RPCVersion,
		AltSpeed:   s.AltSpeed,
	}, nil
}

// ask asks for the selected torrents: mostly for what moves of those that were
// active, and for the rest of them every few seconds, when one is new, or when
// one has something to say.
func (p *Poller) ask(ctx context.Context, which transmission.Selection) (answer, error) {
	a := answer{which: which, list: &p.memory.recent, named: &p.memory.named}
	if which == transmission.All {
		a.list = &transmission.Listing{} // too large to be kept for the fast polls
	} else {
		a.moving = time.Now().Before(p.nextWhole)
	}
	a.named.Rows = a.named.Rows[:0]
	err := p.cfg.Daemon.Ask(ctx, transmission.Query{Which: which, Moving: a.moving, Known: p.known}, a.list)
	if err != nil || !a.moving || a.list.Run != p.run {
		return a, err
	}
	if missing := p.identify(a.list.Rows); len(missing) > 0 {
		err = p.cfg.Daemon.Ask(ctx, transmission.Query{Which: transmission.Named, IDs: missing, Known: p.known}, a.named)
	}
	return a, err
}

// identify gives the rows of what moves their hashes, and returns the ids of
// those of which more has to be known: new ones, ones with a new error, whose
// text is not there, ones whose metadata has come, and with it the name, and ones
// that have begun or ceased to seed, which makes Seeded something else.
func (p *Poller) identify(rows []transmission.Row) (missing []int64) {
	missing = p.memory.missing[:0]
	for i := range rows {
		row := &rows[i]
		known := p.known(row.ID)
		if known == nil {
			missing = append(missing, row.ID)
			continue
		}
		t := &row.Torrent
		t.Hash = known.Hash
		if t.Error != state.NoError && t.Error != known.Error || t.Metadata == state.Whole && known.Metadata != state.Whole ||
			(t.Status == state.Seeding) != (known.Status == state.Seeding) {
			missing = append(missing, row.ID)
		}
	}
	p.memory.missing = missing
	return missing
}

// known returns the torrent of that id as the state has it, or nil. The next
// call overwrites it.
func (p *Poller) known(id int64) *state.Torrent {
	hash, ok := p.ids[id]
	if !ok {
		return nil
	}
	if p.memory.known, ok = p.cfg.State.Get(hash); !ok {
		return nil
	}
	return &p.memory.known
}
