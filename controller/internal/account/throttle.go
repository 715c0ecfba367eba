package account

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Backoff. Nobody is locked out for good: a wait never exceeds maxWait, does not
// touch sessions that exist, and for an account does not count at an address
// from which its owner signed in before.
const (
	freeForAccount = 10               // attempts in a row before the first wait
	freeForAddress = 50               // the same; many people may share one
	firstWait      = time.Second      // doubled with every further attempt
	maxWait        = time.Minute      // between two attempts at most
	forgetAfter    = 15 * time.Minute // without an attempt
	maxTracked     = 8192             // accounts and addresses remembered
)

// throttle counts attempts per account and per address.
type throttle struct {
	now func() time.Time

	mu      sync.Mutex
	strikes map[trackKey]*strikes
	known   map[trackKey]time.Time // address of an account, or of an API token → last success
}

// trackKey is a hash, so that a name of any length takes the same room and none is kept.
type trackKey [sha256.Size]byte

type strikes struct {
	count int
	until time.Time // refused before
	last  time.Time
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, strikes: map[trackKey]*strikes{}, known: map[trackKey]time.Time{}}
}

// attempt is one that was let in, and counted as failed until it is said to be otherwise.
type attempt struct {
	t                      *throttle
	account, address, pair trackKey
	known                  bool // the account was signed in to from this address before
}

// begin lets an attempt in or returns a RetryError. The attempt counts from here
// on, so that many at once are no way around the count.
func (t *throttle) begin(account string, from netip.Addr) (*attempt, error) {
	network := networkOf(from)
	a := &attempt{t: t, account: key("account", account), address: key("address", network), pair: key("pair", account+" "+network)}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if _, a.known = t.known[a.pair]; a.known {
		a.account = a.pair
	}
	if wait := max(t.waitLocked(a.account, now), t.waitLocked(a.address, now)); wait > 0 {
		return nil, &RetryError{After: (wait + time.Second - 1).Truncate(time.Second)}
	}
	t.addLocked(a.account, now, freeForAccount)
	t.addLocked(a.address, now, freeForAddress)
	return a, nil
}

// succeeded forgets what was held against the account. The address only gets
// this attempt back: its other failures may have been about other accounts.
func (a *attempt) succeeded() {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	delete(a.t.strikes, a.account)
	a.t.undoLocked(a.address)
	a.t.rememberLocked(a.pair)
}

func (t *throttle) rememberLocked(pair trackKey) {
	if _, ok := t.known[pair]; !ok && len(t.known) >= maxTracked {
		dropOld(t.known, func(at time.Time) time.Time { return at })
	}
	t.known[pair] = t.now()
}

// abandoned takes back an attempt that was not decided.
func (a *attempt) abandoned() {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	a.t.undoLocked(a.account)
	a.t.undoLocked(a.address)
}

// knock counts something that names no account against the address that does it,
// or returns a RetryError.
func (t *throttle) knock(what string, from netip.Addr) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, now := key(what, networkOf(from)), t.now()
	if wait := t.waitLocked(k, now); wait > 0 {
		return &RetryError{After: (wait + time.Second - 1).Truncate(time.Second)}
	}
	t.addLocked(k, now, freeForAddress)
	return nil
}

// forgive takes back what knock has counted.
func (t *throttle) forgive(what string, from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.undoLocked(key(what, networkOf(from)))
}

// remember lets who from that address past knock from here on. knows tells.
func (t *throttle) remember(who string, from netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rememberLocked(key(who, networkOf(from)))
}

func (t *throttle) knows(who string, from netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.known[key(who, networkOf(from))]
	return ok
}

// end says how the attempt went, and returns err. Only a wrong guess counts.
func (a *attempt) end(err error) error {
	switch {
	case err == nil:
		a.succeeded()
	case !errors.Is(err, ErrBadCredentials) && !errors.Is(err, ErrBadCode) && !errors.Is(err, ErrBadPasskey):
		a.abandoned()
	}
	return err
}

// waitLocked returns how long attempts are still refused; not above 0 when they are not.
func (t *throttle) waitLocked(k trackKey, now time.Time) time.Duration {
	if s := t.strikes[k]; s != nil {
		return s.until.Sub(now)
	}
	return 0
}

func (t *throttle) addLocked(k trackKey, now time.Time, free int) {
	s := t.strikes[k]
	if s == nil && len(t.strikes) >= maxTracked {
		dropOld(t.strikes, func(s *strikes) time.Time { return s.last })
	}
	if s == nil || now.Sub(s.last) >= forgetAfter {
		s = &strikes{}
		t.strikes[k] = s
	}
	s.count++
	s.last = now
	if over := s.count - free; over >= 0 {
		s.until = now.Add(min(firstWait<<min(over, 10), maxWait))
	}
}

// undoLocked takes one back. Nothing stays of who has none left: attempts that were
// never decided cost little, and shall not push out what is held against others.
func (t *throttle) undoLocked(k trackKey) {
	s := t.strikes[k]
	if s == nil {
		return
	}
	s.until = time.Time{}
	if s.count--; s.count <= 0 {
		delete(t.strikes, k)
	}
}

func key(kind, what string) trackKey { return sha256.Sum256([]byte(kind + " " + what)) }

// Network returns the address itself as a network, or for IPv6 the one that a
// customer has (a /64): what is counted together. An IPv4 address that is written as
// an IPv6 one is what it is. What is no address has the zero Prefix.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits)
	return network
}

// networkOf is Network in words.
func networkOf(a netip.Addr) string { return Network(a).String() }

// dropOld makes room by dropping the oldest of a few, taken in the map's random
// order: near enough to the oldest of all, and quick when under attack.
func dropOld[V any](m map[trackKey]V, at func(V) time.Time) {
	var (
		oldest trackKey
		when   time.Time
		seen   int
	)
	for k, v := range m {
		if t := at(v); seen == 0 || t.Before(when) {
			oldest, when = k, t
		}
		if seen++; seen == 16 {
			break
		}
	}
	delete(m, oldest)
}
