package transmission

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

const (
	testUser     = "agent"
	testPassword = "right horse"
)

func passwordFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRightPassword(t *testing.T) {
	d := transmissiontest.StartWithLogin(t, testUser, testPassword)
	hash := d.Add("one", false)
	c := client(t, d.URL())
	c.login.user, c.login.file = testUser, passwordFile(t, testPassword+"\n")
	if l := must(c.Torrents(t.Context(), All)); len(l.Rows) != 1 {
		t.Errorf("%d rows", len(l.Rows))
	}
	if err := c.Act(t.Context(), command.Verify, []state.Hash{hash}); err != nil {
		t.Errorf("a command: %v", err)
	}
}

func TestNoPassword(t *testing.T) {
	d := transmissiontest.StartWithLogin(t, testUser, testPassword)
	c := client(t, d.URL())
	_, err := c.Session(t.Context())
	if kind, text := c.Explain(err); kind != state.DaemonUnauthorized || !strings.Contains(text, "set transmission.user") {
		t.Errorf("%v %q (%v)", kind, text, err)
	}
}

// The daemon locks itself after 100 wrong passwords, so it must never see many,
// whichever way they come; and the right one must work as soon as it is there.
func TestWrongPassword(t *testing.T) {
	d := transmissiontest.StartWithLogin(t, testUser, testPassword)
	hash := d.Add("one", false)
	var count atomic.Int64
	c := client(t, proxy(t, d.URL(), &count, nil))
	c.login.user, c.login.file = testUser, passwordFile(t, "wrong horse")
	for range 50 {
		_, err := c.Torrents(t.Context(), RecentlyActive)
		if kind, text := c.Explain(err); kind != state.DaemonUnauthorized || !strings.Contains(text, c.login.file) {
			t.Fatalf("%v %q (%v)", kind, text, err)
		}
		if err := c.Act(t.Context(), command.Stop, []state.Hash{hash}); !errors.Is(err, ErrUnauthorized) {
			t.Fatalf("a command: %v", err)
		}
	}
	if n := count.Load(); n != maxRefusals {
		t.Errorf("the daemon saw %d wrong passwords, want %d", n, maxRefusals)
	}
	if err := os.WriteFile(c.login.file, []byte(testPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Torrents(t.Context(), All); err != nil {
		t.Errorf("after the file was mended: %v", err)
	}
}

// A pause of years between the hundredth try and the first would be best; it is
// months.
func TestPausesBetweenTries(t *testing.T) {
	file := passwordFile(t, "wrong horse") // outside of the bubble: its time is the file system's
	synctest.Test(t, func(t *testing.T) {
		l := login{user: testUser, file: file}
		began, tries := time.Now(), 0
		for tries < 100 {
			if _, try, err := l.next(); err == nil {
				tries++
				l.refused(try)
				continue
			}
			time.Sleep(5 * time.Minute)
		}
		if d := time.Since(began); d < 60*24*time.Hour {
			t.Errorf("100 tries within %v", d)
		}
		l.accepted(try(l.seen))
		if _, _, err := l.next(); err != nil {
			t.Errorf("after a success: %v", err)
		}
	})
}

// What comes of a password that has been replaced meanwhile says nothing of the
// new one.
func TestLateRefusal(t *testing.T) {
	l := login{user: testUser, file: passwordFile(t, "old")}
	_, old, err := l.next()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.file, []byte("newer"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range maxRefusals {
		if _, _, err := l.next(); err != nil {
			t.Fatal(err)
		}
		l.refused(old)
	}
	if _, _, err := l.next(); err != nil {
		t.Errorf("refusals of the old password count for the new one: %v", err)
	}
}

func TestPasswordFile(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"readable by all": {"secret", 0o644, "chmod o-rwx"},
		"empty":           {"", 0o600, "first line is empty"},
		"too long":        {strings.Repeat("x", 2*maxPassword), 0o600, "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			l := login{user: testUser, file: passwordFile(t, c.content)}
			if err := os.Chmod(l.file, c.mode); err != nil {
				t.Fatal(err)
			}
			_, _, err := l.next()
			if !errors.Is(err, ErrPasswordFile) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	l := login{user: testUser, file: filepath.Join(t.TempDir(), "none")}
	if _, _, err := l.next(); !errors.Is(err, ErrPasswordFile) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
