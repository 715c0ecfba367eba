package account

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"offing/controller/internal/store"
)

const password = "correct horse battery"

var home = netip.MustParseAddr("127.0.0.1")

func at(address netip.Addr) From { return From{Address: address} }

// cheap keeps the tests short; what it costs is not what they are about.
var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is accounts on a store of their own.
type fixture struct {
	*Accounts
	clock *clock
	log   *bytes.Buffer
	store *store.Store
	cost  *argon2id.Params

	mu   sync.Mutex
	told []string // kind, space, user
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{clock: &clock{now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, log: &bytes.Buffer{}, cost: cheap}
	var err error
	f.store, err = store.Open(t.Context(), store.Config{
		Dir: filepath.Join(dir, "store"), KeyFile: filepath.Join(dir, "store.key"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.store.Close() })
	f.restart(t)
	return f
}

// restart opens the accounts anew, as a new controller would.
func (f *fixture) restart(t *testing.T) {
	t.Helper()
	var err error
	f.Accounts, err = Open(t.Context(), Config{
		Store: f.store, Now: f.clock.Now, Cost: f.cost, Notify: f.notice,
		Log: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) notice(_ context.Context, user User, kind, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, kind+" "+string(user))
}

// heard returns what people were told since the last call.
func (f *fixture) heard() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := f.told
	f.told = nil
	return told
}

// user makes a person with the usual password.
func (f *fixture) user(t *testing.T, name string, role Role) User {
	t.Helper()
	if err := f.Add(t.Context(), name, role, password); err != nil {
		t.Fatal(err)
	}
	return User(name)
}

// enter signs somebody in who has the usual password and no second factor.
func (f *fixture) enter(t *testing.T, name User) (SessionToken, Principal) {
	t.Helper()
	session, _, err := f.SignIn(t.Context(), string(name), password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	return session, f.who(t, session)
}

// live is closed when the session ends.
func (f *fixture) live(p Principal) <-chan struct{} { return f.Ended(p.Session) }

// expectEnd fails unless the session ends, soon.
func expectEnd(t *testing.T, live <-chan struct{}) {
	t.Helper()
	select {
	case <-live:
	case <-time.After(30 * time.Second):
		t.Fatal("the sockets of an ended session live on")
	}
}

// atOnce runs f n times at once and returns how often it gave no error. Each
// other error must be one of allowed.
func atOnce(t *testing.T, n int, f func(i int) error, allowed ...error) (won int) {
	t.Helper()
	var (
		start = make(chan struct{})
		errs  = make([]error, n)
		wg    sync.WaitGroup
	)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !slices.ContainsFunc(allowed, func(a error) bool { return errors.Is(err, a) }):
			t.Errorf("the loser: %v", err)
		}
	}
	return won
}

// admin makes the administrator Ada, and returns her session.
func (f *fixture) admin(t *testing.T) Principal {
	t.Helper()
	token, _, err := f.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	session, err := f.Setup(t.Context(), string(token), "Ada", password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	return f.who(t, session)
}

func (f *fixture) who(t *testing.T, session SessionToken) Principal {
	t.Helper()
	p, err := f.Authenticate(t.Context(), string(session))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (f *fixture) signIn(t *testing.T) Principal {
	t.Helper()
	session, _, err := f.SignIn(t.Context(), "ada", password, at(home))
	if err != nil {
		t.Fatal(err)
	}
	return f.who(t, session)
}

func (f *fixture) ticket(t *testing.T, p Principal) string {
	t.Helper()
	ticket, _, err := f.IssuePageTicket(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return string(ticket)
}

// hasEnded does not wait: an ended session has its channel closed already.
func hasEnded(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
