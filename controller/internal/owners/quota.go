package owners

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"offing/controller/internal/account"
	"offing/controller/internal/notices"
	"offing/controller/internal/store"
	"offing/tunnel/report"
)

// Quota is how much one person may have. A zero is no limit. The limits of speed
// are kept and shown, but nothing holds anybody to them yet: only commands to the
// daemon could.
type Quota struct {
	Torrents int   `json:"torrents,omitempty"`
	Bytes    int64 `json:"bytes,omitempty"` // as Usage counts them
	RateDown int64 `json:"down,omitempty"`  // bytes a second
	RateUp   int64 `json:"up,omitempty"`    // bytes a second
}

// Usage is what counts against a quota: the torrents that somebody owns and that a
// box has. Their bytes are what they will take once complete (state.Torrent.Size),
// from the beginning on, so that a download that was allowed cannot outgrow the
// quota later. A magnet link has none until its metadata has come. What several
// people own counts in full for each.
type Usage struct {
	Torrents int   `json:"torrents"`
	Bytes    int64 `json:"bytes"`
}

// QuotaError says that something does not fit into a quota, and what would.
type QuotaError struct {
	Torrents int   // how many more fit, -1 = any number
	Bytes    int64 // how many more fit, -1 = any number
}

func (e *QuotaError) Error() string {
	var left []string
	if e.Torrents >= 0 {
		left = append(left, count(e.Torrents, "more torrent"))
	}
	if e.Bytes >= 0 {
		left = append(left, report.Size(e.Bytes))
	}
	return "this does not fit into your quota: there is room for " + strings.Join(left, " and ") +
		". Remove something first, or ask an administrator for more"
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// CheckAdd returns a *QuotaError when u may not add so many torrents of so many
// bytes together. It is to be asked before the box is; bytes is 0 when they are
// not known yet, as with a magnet link.
func (o *Owners) CheckAdd(u account.User, torrents int, bytes int64) error {
	q, used := o.Quota(u)
	e := &QuotaError{-1, -1}
	if q.Torrents > 0 {
		e.Torrents = max(q.Torrents-used.Torrents, 0)
	}
	if q.Bytes > 0 {
		e.Bytes = max(q.Bytes-used.Bytes, 0)
	}
	if e.Torrents >= 0 && torrents > e.Torrents || e.Bytes >= 0 && (bytes > e.Bytes || e.Bytes == 0) {
		return e
	}
	return nil
}

// Quota returns the limits of u and what counts against them.
func (o *Owners) Quota(u account.User) (Quota, Usage) { return o.tally.quota(u) }

// WatchQuota calls changed after each change of what Quota returns for u, until
// stop is called. changed must neither block nor change anything here.
func (o *Owners) WatchQuota(u account.User, changed func()) (stop func()) {
	return o.tally.watch(u, changed)
}

// SetQuota replaces the limits of u. It returns ErrBadQuota or ErrUnknownPerson.
// What u has beyond them stays.
func (o *Owners) SetQuota(ctx context.Context, u account.User, q Quota) error {
	if min(int64(q.Torrents), q.Bytes, q.RateDown, q.RateUp) < 0 {
		return ErrBadQuota
	}
	changed, err := o.setQuota(ctx, u, q)
	if changed {
		o.notify(ctx, u, notices.KindQuota, quotaText(q))
	}
	return err
}

// setQuota is SetQuota without the notice. It looks whether there is such a person
// with writing held, as Forget does its work: so that of one who is being removed
// no quota is left for whoever gets the name next.
func (o *Owners) setQuota(ctx context.Context, u account.User, q Quota) (changed bool, err error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	if ok, err := o.people.Exists(ctx, u); err != nil {
		return false, fmt.Errorf("look for a person: %w", err)
	} else if !ok {
		return false, ErrUnknownPerson
	}
	before, _ := o.Quota(u)
	err = o.setQuotaLocked(ctx, u, q)
	return err == nil && before != q, err
}

func (o *Owners) setQuotaLocked(ctx context.Context, u account.User, q Quota) error {
	if before, _ := o.Quota(u); before == q {
		return nil
	}
	var value []byte
	if q != (Quota{}) {
		value, _ = json.Marshal(q) // four numbers cannot fail
	}
	if err := replace(ctx, o.buckets.quotas, string(u), value); err != nil {
		return fmt.Errorf("keep a quota: %w", err)
	}
	o.tally.setQuota(u, q)
	return nil
}

func quotaText(q Quota) string {
	var limits []string
	if q.Torrents > 0 {
		limits = append(limits, count(q.Torrents, "torrent"))
	}
	for _, limit := range []struct {
		n    int64
		what string
	}{{q.Bytes, ""}, {q.RateDown, "/s down"}, {q.RateUp, "/s up"}} {
		if limit.n > 0 {
			limits = append(limits, report.Size(limit.n)+limit.what)
		}
	}
	if len(limits) == 0 {
		return "Your quota was changed: there is no limit."
	}
	return "Your quota was changed to " + strings.Join(limits, ", ") + "."
}

func (o *Owners) loadQuotas(ctx context.Context) error {
	items, err := o.buckets.quotas.All(ctx)
	if err != nil {
		return err
	}
	for _, item := range items {
		q, err := decodeQuota(item.Value)
		if err != nil {
			return err
		}
		o.tally.setQuota(account.User(item.Key), q)
	}
	return nil
}

func decodeQuota(value []byte) (Quota, error) {
	var q Quota
	if json.Unmarshal(value, &q) != nil || min(int64(q.Torrents), q.Bytes, q.RateDown, q.RateUp) < 0 {
		return Quota{}, fmt.Errorf("%w: a quota cannot be decoded", store.ErrDamaged)
	}
	return q, nil
}
