package rpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"offing/controller/internal/account"
)

// asker is who asks, about which box.
type asker struct {
	account.Principal
	box     string // empty for all
	session string // their session id
}

// admin tells whether all torrents are theirs to see.
func (a asker) admin() bool { return a.Role == account.RoleAdmin }

// authenticate lets somebody in with a user name and one of that person's API tokens
// (RFC 7617). Whatever is wrong, the error is the same. Guesses are counted against
// the address that makes them: a token cannot be guessed, and who could count against
// a name could keep its owner out.
func (e *Endpoint) authenticate(ctx context.Context, r Request) (account.Principal, error) {
	name, token, ok := BasicAuth(r.Authorization)
	if !ok {
		return account.Principal{}, account.ErrTokenRefused
	}
	p, err := e.cfg.Accounts.AuthenticateToken(ctx, token, r.Address)
	if err != nil {
		return account.Principal{}, err
	}
	said, is := sha256.Sum256([]byte(strings.ToLower(name))), sha256.Sum256([]byte(p.User))
	known := p.User != "" && (p.Role == account.RoleAdmin || p.Role == account.RoleUser)
	if subtle.ConstantTimeCompare(said[:], is[:]) != 1 || !known || !p.May(account.ScopeRead) {
		return account.Principal{}, account.ErrTokenRefused
	}
	return p, nil
}

// BasicAuth reads the header of a login by name and password (RFC 7617). What cannot be
// read has an empty password, which is nobody's.
func BasicAuth(header string) (name, password string, ok bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return "", "", true
	}
	name, password, _ = strings.Cut(string(decoded), ":")
	return name, password, true
}

// Bounds of what is kept of refused logins.
const (
	refusalPause = time.Minute // between two entries of one address
	maxRefusers  = 1024        // addresses remembered
)

// auditRefused is the word for it in the audit log.
const auditRefused = "rpc.refused"

// refusals counts refused logins by address. Its zero value is ready.
type refusals struct {
	mu sync.Mutex
	of map[netip.Addr]*refuser
}

type refuser struct {
	told  time.Time
	count int // since then
}

// note counts one, and tells how many there are to be written down now; 0 for none.
func (r *refusals) note(from netip.Addr, now time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[netip.Addr]*refuser{}
	}
	at := r.of[from]
	if at == nil {
		if len(r.of) >= maxRefusers {
			r.dropLocked(now)
		}
		if len(r.of) >= maxRefusers {
			return 0 // many addresses at once: those that are there say enough
		}
		at = &refuser{}
		r.of[from] = at
	}
	at.count++
	if now.Sub(at.told) < refusalPause {
		return 0
	}
	n := at.count
	at.told, at.count = now, 0
	return n
}

func (r *refusals) dropLocked(now time.Time) {
	for a, at := range r.of {
		if now.Sub(at.told) >= refusalPause {
			delete(r.of, a)
		}
	}
}

// noteRefusal writes into the audit log that logins from an address were refused, once
// a minute at most.
func (e *Endpoint) noteRefusal(ctx context.Context, from netip.Addr) {
	if n := e.refused.note(from, e.cfg.Now()); n > 0 {
		e.cfg.Audit(ctx, account.Principal{}, auditRefused, fmt.Sprintf("%d from %s", n, from))
	}
}
