package controller

import (
	"context"
	"errors"
	"log/slog"

	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/fleet"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/controller/internal/rpc"
	"offing/controller/internal/store"
	"offing/controller/internal/web"
)

// people is all that the controller keeps of people: who they are, what is theirs,
// and what they should know.
type people struct {
	accounts *account.Accounts
	owners   *owners.Owners
	notices  *notices.Notices
	commands *control.Control // nil until openCommands
	apps     *rpc.Endpoint    // nil until openApps
	db       *store.Store
}

// openPeople opens them in db.
func openPeople(ctx context.Context, db *store.Store, log *slog.Logger) (*people, error) {
	p := people{db: db}
	var err error
	if p.notices, err = notices.Open(ctx, db, log); err != nil {
		return nil, err
	}
	p.accounts, err = account.Open(ctx, account.Config{Store: db, Notify: p.notices.Post, Removing: p.forget, Changed: p.recheck, Log: log})
	if err != nil {
		return nil, err
	}
	p.owners, err = owners.Open(ctx, owners.Config{Store: db, People: p.accounts, Notify: p.notices.Post, Log: log})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// openCommands opens what people have asked of the boxes. It comes before anybody
// can be removed.
func (p *people) openCommands(ctx context.Context, boxes *fleet.Fleet, log *slog.Logger) (*control.Control, error) {
	var err error
	p.commands, err = control.Open(ctx, control.Config{
		Store: p.db, Boxes: boxes, Owners: p.owners, People: p.accounts, Notify: p.notices.Post, Audit: p.audit, Log: log,
	})
	return p.commands, err
}

// openApps opens the endpoint for apps, after openCommands.
func (p *people) openApps(ctx context.Context, boxes *fleet.Fleet, log *slog.Logger) (*rpc.Endpoint, error) {
	var err error
	p.apps, err = rpc.Open(ctx, rpc.Config{
		Store: p.db, Accounts: p.accounts, Boxes: boxes, Owners: p.owners, Control: p.commands, Audit: p.audit, Log: log,
	})
	return p.apps, err
}

// forget takes away what is kept of somebody who is being removed, so that whoever
// gets the name next inherits nothing. The commands are first: none may give the
// person anything after.
func (p *people) forget(ctx context.Context, user account.User) error {
	if p.commands != nil {
		if err := p.commands.Forget(ctx, user); err != nil {
			return err
		}
	}
	if p.apps != nil {
		if err := p.apps.Forget(ctx, user); err != nil {
			return err
		}
	}
	return errors.Join(p.owners.Forget(ctx, user), p.notices.Forget(ctx, user))
}

// recheck has the commands of somebody looked at who may do less than before.
func (p *people) recheck(account.User) {
	if p.commands != nil {
		p.commands.Recheck()
	}
}

// audit keeps what actor has done.
func (p *people) audit(ctx context.Context, actor account.Principal, action, object string) {
	p.notices.Audit(ctx, actor.User, action, object)
}

// auditLog returns the last n deeds, the oldest first.
func (p *people) auditLog(ctx context.Context, n int) ([]web.AuditEntry, error) {
	kept, err := p.notices.AuditLog(ctx, n)
	if err != nil {
		return nil, err
	}
	entries := make([]web.AuditEntry, len(kept))
	for i, e := range kept {
		entries[i] = web.AuditEntry(e)
	}
	return entries, nil
}
