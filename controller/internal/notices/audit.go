package notices

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"offing/controller/internal/account"
)

// AuditEntry is something that was done.
type AuditEntry struct {
	At     time.Time
	Actor  account.User // who did it; empty: somebody at the controller's own socket
	Action string       // a stable word, such as "user-removed"
	Object string       // what or whom it was done to, for people to read; no secret
}

// deed is how the store holds an entry. The actor is a plain string here: the type
// of users redacts itself.
type deed struct {
	Actor  string `json:"actor,omitempty"`
	Action string `json:"action"`
	Object string `json:"object,omitempty"`
}

// Audit records that actor did action to object; an empty actor is somebody at the
// controller's own socket. It is on the disk when Audit returns, as in Post.
func (n *Notices) Audit(ctx context.Context, actor account.User, action, object string) {
	if err := write(ctx, n.audit, auditSubject, deed{string(actor), action, object}); err != nil {
		n.log.ErrorContext(ctx, "an entry of the audit log was lost", "action", action, "err", err)
	}
}

// AuditLog returns the last count entries of a year, at most 10,000, the oldest first.
func (n *Notices) AuditLog(ctx context.Context, count int) ([]AuditEntry, error) {
	records, err := n.audit.Last(ctx, "", count)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	entries := make([]AuditEntry, len(records))
	for i, r := range records {
		var d deed
		if err := json.Unmarshal(r.Value, &d); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		entries[i] = AuditEntry{r.At.UTC(), account.User(d.Actor), d.Action, d.Object}
	}
	return entries, nil
}
