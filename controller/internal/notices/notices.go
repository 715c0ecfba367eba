package notices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
)

const (
	// postTimeout is how long the caller of Post or Audit waits at most.
	postTimeout = 5 * time.Second

	noticeAge    = 90 * 24 * time.Hour
	noticesEach  = 200 // notices of one person
	auditAge     = 365 * 24 * time.Hour
	auditEntries = 10_000
)

// auditSubject is the one subject of the audit log: who did it is content.
const auditSubject = "audit"

// Notices keeps what people should know and the audit log. Its methods may be
// called by many goroutines.
type Notices struct {
	log      *slog.Logger
	notices  *store.Journal // user → note
	audit    *store.Journal // auditSubject → deed
	watchers watchers
}

// note is how the store holds a notice.
type note struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// Open opens the notices in s, and creates what is missing.
func Open(ctx context.Context, s *store.Store, log *slog.Logger) (*Notices, error) {
	n := &Notices{log: log}
	var err error
	n.notices, err = s.Journal(ctx, store.JournalConfig{Name: "notices", MaxAge: noticeAge, PerSubject: noticesEach})
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	n.audit, err = s.Journal(ctx, store.JournalConfig{Name: "audit", MaxAge: auditAge, Max: auditEntries})
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return n, nil
}

// Post tells user something, one of the kinds and its text, and wakes the watchers.
// It is on the disk when Post returns, whether or not ctx has ended meanwhile; what
// could not be written is in the log, without the user and the text.
func (n *Notices) Post(ctx context.Context, user account.User, kind, text string) {
	if err := write(ctx, n.notices, string(user), note{kind, text}); err != nil {
		n.log.ErrorContext(ctx, "a notice was lost", "kind", kind, "err", err)
		return
	}
	n.watchers.wake(user)
}

// write appends v even when ctx ends: who closes the page that a request came from
// must not keep its consequences off the record.
func write(ctx context.Context, j *store.Journal, subject string, v any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), postTimeout)
	defer cancel()
	value, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = j.Append(ctx, subject, value)
	return err
}

// Last returns the last count notices of user, at most 200, the oldest first.
func (n *Notices) Last(ctx context.Context, user account.User, count int) ([]Notice, error) {
	records, err := last(ctx, n.notices, string(user), count)
	if err != nil {
		return nil, err
	}
	notices := make([]Notice, len(records))
	for i, r := range records {
		var v note
		if err := json.Unmarshal(r.Value, &v); err != nil {
			return nil, fmt.Errorf("notices: %w", err)
		}
		notices[i] = Notice{r.Seq, r.At.UTC(), v.Kind, v.Text}
	}
	return notices, nil
}

// last refuses the empty subject, which means all of them to a journal.
func last(ctx context.Context, j *store.Journal, subject string, n int) ([]store.Record, error) {
	if subject == "" {
		return nil, errors.New("notices: of nobody")
	}
	records, err := j.Last(ctx, subject, n)
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return records, nil
}

// Forget removes the notices of a person who was removed, and wakes the watchers.
func (n *Notices) Forget(ctx context.Context, user account.User) error {
	if err := n.notices.Forget(ctx, string(user)); err != nil {
		return fmt.Errorf("notices: %w", err)
	}
	n.watchers.wake(user)
	return nil
}
