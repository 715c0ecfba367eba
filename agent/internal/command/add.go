package executor

import (
	"context"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// planAdd fetches what is to be added and notes whether the daemon has it already.
func (t *task) planAdd(ctx context.Context, a *command.Addition) (*plan, error) {
	p := &plan{}
	if a.Dir != "" {
		dir, err := t.resolve(a.Dir)
		if err != nil {
			return nil, err
		}
		p.Dir = dir
	}
	if err := t.supported(a.Changes); err != nil {
		return nil, err
	}
	source := *a
	if a.URL != "" {
		if !t.cfg.Fetch {
			return nil, &command.Fault{Code: command.ForbiddenURL, Text: "the box fetches no URLs: give the torrent file itself, or let the box's owner set commands.fetch"}
		}
		got, fault := t.fetcher.fetch(ctx, a.URL, a.Cookies)
		if ctx.Err() != nil {
			return nil, errStopped
		}
		if fault != nil {
			return nil, fault
		}
		p.Magnet, p.Metainfo = got.Magnet, got.Metainfo
		source.Magnet, source.Metainfo, source.URL = got.Magnet, got.Metainfo, ""
	}
	hash, fault := readAddition(&source)
	if fault != nil {
		return nil, fault
	}
	p.Hash = hash
	return p, t.try(ctx, func() error {
		known, _, err := t.cfg.Daemon.Find(ctx, []state.Hash{p.Hash})
		_, p.Existed = known[p.Hash]
		return err
	})
}

// add adds what was planned. A torrent that is there though it was not when the
// command began is the one that was to be added.
func (t *task) add(ctx context.Context, p *plan) error {
	a := *t.entry.command.Add
	if p.Magnet != "" || len(p.Metainfo) > 0 {
		a.Magnet, a.Metainfo = p.Magnet, p.Metainfo
	}
	a.URL, a.Cookies = "", ""
	err := t.try(ctx, func() error {
		if t.repeated {
			// Before it has loaded its torrents the daemon would add one twice.
			if _, err := t.find(ctx, []state.Hash{p.Hash}); err != nil {
				return err
			}
		}
		added, err := t.cfg.Daemon.AddTorrent(ctx, &a, p.Dir)
		if err != nil {
			return err
		}
		if t.repeated {
			added.Duplicate = p.Existed
		}
		t.result.Added = &added
		return nil
	})
	if err != nil {
		if t.result.Added == nil {
			return t.unsureError(err)
		}
		return err
	}
	added := t.result.Added
	t.touched = append(t.touched, added.Hash)
	if a.Changes == nil || added.Duplicate {
		t.result.Done = 1
		return nil
	}
	err = t.try(ctx, func() error { return t.cfg.Daemon.Set(ctx, []state.Hash{added.Hash}, a.Changes) })
	if err == errStopped {
		return err
	}
	if err != nil {
		// It is added, and that must be known.
		t.fail(added.Hash, t.cfg.Daemon.Fault(err))
		return nil
	}
	t.result.Done = 1
	return nil
}

// unsureError is unsure for an error.
func (t *task) unsureError(err error) error {
	if err == errStopped {
		return err
	}
	return t.unsure(t.cfg.Daemon.Fault(err))
}
