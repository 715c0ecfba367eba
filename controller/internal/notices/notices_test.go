package notices

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
)

func config(dir string) store.Config {
	return store.Config{
		Dir: filepath.Join(dir, "store"), KeyFile: filepath.Join(dir, "key"), Log: slog.New(slog.DiscardHandler),
	}
}

// open opens the notices in dir, with log or without one. close gives the folder free.
func open(t *testing.T, dir string, log *slog.Logger) (n *Notices, close func()) {
	t.Helper()
	s, err := store.Open(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	close = sync.OnceFunc(func() { _ = s.Close() })
	t.Cleanup(close)
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	n, err = Open(t.Context(), s, log)
	if err != nil {
		t.Fatal(err)
	}
	return n, close
}

// texts returns what user is told, in one line.
func texts(t *testing.T, n *Notices, user account.User, count int) string {
	t.Helper()
	notices, err := n.Last(t.Context(), user, count)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, x := range notices {
		all = append(all, x.Kind+":"+x.Text)
	}
	return strings.Join(all, " ")
}

func TestNotices(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	n, closeStore := open(t, dir, nil)
	if got := texts(t, n, "ada", 10); got != "" {
		t.Errorf("at first %q", got)
	}
	n.Post(ctx, "ada", "role", "a")
	n.Post(ctx, "ben", KindShare, "b")
	n.Post(ctx, "ada", "token", "c")
	closeStore()
	n, _ = open(t, dir, nil)
	for user, want := range map[account.User]string{"ada": "role:a token:c", "ben": "share:b", "cem": "", "ad": "", "*": "", ">": ""} {
		if got := texts(t, n, user, 10); got != want {
			t.Errorf("%s is told %q, want %q", string(user), got, want)
		}
	}
	if got := texts(t, n, "ada", 1); got != "token:c" {
		t.Errorf("the last is %q", got)
	}
	notices, err := n.Last(ctx, "ada", 2)
	if err != nil {
		t.Fatal(err)
	}
	if notices[0].ID == 0 || notices[1].ID <= notices[0].ID || time.Since(notices[0].At).Abs() > time.Hour {
		t.Errorf("got %+v", notices)
	}
	if _, err := n.Last(ctx, "", 10); err == nil {
		t.Error("nobody's notices are everybody's")
	}
}

// What is over the bound goes, each person's oldest first, and nobody else's.
func TestNoticesAreBounded(t *testing.T) {
	ctx := t.Context()
	n, _ := open(t, t.TempDir(), nil)
	n.Post(ctx, "ben", "role", "b")
	for i := range noticesEach + 5 {
		n.Post(ctx, "ada", KindQuota, fmt.Sprint(i))
	}
	notices, err := n.Last(ctx, "ada", 2*noticesEach)
	if err != nil || len(notices) != noticesEach || notices[0].Text != "5" {
		t.Fatalf("%d notices, %v", len(notices), err)
	}
	if got := texts(t, n, "ben", 10); got != "role:b" {
		t.Errorf("ben is told %q", got)
	}
}

func TestForget(t *testing.T) {
	ctx := t.Context()
	n, _ := open(t, t.TempDir(), nil)
	n.Post(ctx, "ada", "role", "a")
	n.Post(ctx, "ben", "role", "b")
	if err := n.Forget(ctx, "ada"); err != nil {
		t.Fatal(err)
	}
	if a, b := texts(t, n, "ada", 10), texts(t, n, "ben", 10); a != "" || b != "role:b" {
		t.Errorf("ada is told %q, ben %q", a, b)
	}
	if err := n.Forget(ctx, ""); err == nil {
		t.Error("nobody is forgotten")
	}
}

// A notice wakes who watches that person, after it can be read, and nobody else.
func TestWatch(t *testing.T) {
	ctx := t.Context()
	n, _ := open(t, t.TempDir(), nil)
	woken := map[string]int{}
	watch := func(name string, user account.User) (stop func()) {
		return n.Watch(user, func() { woken[name]++ }) // on Post's goroutine, so on this one
	}
	stop1 := watch("ada 1", "ada")
	stop2 := watch("ada 2", "ada")
	defer watch("ben", "ben")()
	seen := ""
	stop3 := n.Watch("ada", func() { seen += texts(t, n, "ada", 1) + " " })
	n.Post(ctx, "ada", "role", "a")
	stop1()
	stop1() // twice is as good as once
	n.Post(ctx, "ada", "role", "b")
	stop2()
	stop3()
	if err := n.Forget(ctx, "ada"); err != nil {
		t.Fatal(err)
	}
	if woken["ada 1"] != 1 || woken["ada 2"] != 2 || woken["ben"] != 0 {
		t.Errorf("woken: %v", woken)
	}
	if seen != "role:a role:b " {
		t.Errorf("when woken there was %q", seen)
	}
}

// A watcher may be stopped by whom it wakes, and with a lock held that it takes.
func TestStopWhileWoken(t *testing.T) {
	n := &Notices{}
	var stop func()
	calls := 0
	stop = n.Watch("ada", func() { calls++; stop() })
	n.watchers.wake("ada")
	n.watchers.wake("ada")
	if calls != 1 {
		t.Errorf("called %d times", calls)
	}
}

func TestWatchersAreRemoved(t *testing.T) {
	n := &Notices{}
	var stops []func()
	for i := range 10 {
		stops = append(stops, n.Watch(account.User(fmt.Sprint(i%3)), func() {}))
	}
	for _, stop := range stops {
		stop()
	}
	if len(n.watchers.of) > 0 {
		t.Errorf("left: %d", len(n.watchers.of))
	}
}

// The request that a notice is about may have ended when it is written.
func TestPostOutlivesTheRequest(t *testing.T) {
	n, _ := open(t, t.TempDir(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.Post(ctx, "ada", "password", "a")
	n.Audit(ctx, "ada", "user.password", "")
	if got := texts(t, n, "ada", 10); got != "password:a" {
		t.Errorf("got %q", got)
	}
	if entries, err := n.AuditLog(t.Context(), 10); err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v", entries, err)
	}
}

// What is lost is said in the log, without a name.
func TestLostNoticesAreLogged(t *testing.T) {
	var out bytes.Buffer
	n, closeStore := open(t, t.TempDir(), slog.New(slog.NewTextHandler(&out, nil)))
	woken := false
	defer n.Watch("secret-ada", func() { woken = true })()
	closeStore()
	n.Post(t.Context(), "secret-ada", "role", "secret-text")
	n.Audit(t.Context(), "secret-ada", "user.remove", "secret-ben")
	for _, want := range []string{"a notice was lost", "kind=role", "audit log was lost", "action=user.remove"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q: %s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "secret") || woken {
		t.Errorf("woken %v, the log says %s", woken, out.String())
	}
}

func TestAudit(t *testing.T) {
	ctx := t.Context()
	n, _ := open(t, t.TempDir(), nil)
	n.Audit(ctx, "ada", "user.add", "ben")
	n.Audit(ctx, "", "user.remove", "ben")
	n.Post(ctx, "ada", "role", "not of the audit log")
	entries, err := n.AuditLog(ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, e := range entries {
		got += fmt.Sprintf("%s %s %s, ", string(e.Actor), e.Action, e.Object)
		if time.Since(e.At).Abs() > time.Hour {
			t.Errorf("at %v", e.At)
		}
	}
	if got != "ada user.add ben,  user.remove ben, " {
		t.Errorf("got %q", got)
	}
	if entries, err := n.AuditLog(ctx, 1); err != nil || len(entries) != 1 || entries[0].Action != "user.remove" {
		t.Errorf("the last is %+v, %v", entries, err)
	}
}
