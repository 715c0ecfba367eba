package controller

import (
	"context"
	"errors"
	"log/slog"

	"offing/controller/internal/account"
	"offing/controller/internal/notices"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/controller/internal/web"
)

// people is all that the controller keeps of people: who they are, what is theirs,
// and what they should know.
type people struct {
	accounts *account.Accounts
	owners   *owners.Owners
	notices  *notices.Notices
}

// openPeople opens them in db.
func openPeople(ctx context.Context, db *store.Store, log *slog.Logger) (*people, error) {
	var p people
	var err error
	if p.notices, err = notices.Open(ctx, db, log); err != nil {
		return nil, err
	}
	p.accounts, err = account.Open(ctx, account.Config{Store: db, Notify: p.notices.Post, Removing: p.forget, Log: log})
	if err != nil {
		return nil, err
	}
	p.owners, err = owners.Open(ctx, owners.Config{Store: db, People: p.accounts, Notify: p.notices.Post, Log: log})
	if err != nil {
		return nil, err
	}
	return &p, nil
}

// forget takes away what is kept of somebody who is being removed, so that whoever
// gets the name next inherits nothing.
func (p *people) forget(ctx context.Context, user account.User) error {
	return errors.Join(p.owners.Forget(ctx, user), p.notices.Forget(ctx, user))
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
