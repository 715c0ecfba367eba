package torproc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		`/var/lib/x`:   `"/var/lib/x"`,
		`a "b" c:\d`:   `"a \"b\" c:\\d"`,
		`ordner ü # 1`: `"ordner ü # 1"`,
	} {
		if got, err := Quote(in); err != nil || got != want {
			t.Errorf("Quote(%q) = %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"a\nSocksPort 9050", "a\rb", "a\x00b", "a\u2028b", "a\tb"} {
		if got, err := Quote(in); err == nil {
			t.Errorf("Quote(%q) = %s, want an error", in, got)
		}
	}
}

func TestCheckLine(t *testing.T) {
	for _, line := range []string{"SocksPort 0", "Bridge\tobfs4 192.0.2.1:443 cert=a/b+c", ""} {
		if err := CheckLine(line); err != nil {
			t.Errorf("CheckLine(%q): %v", line, err)
		}
	}
	for _, line := range []string{"Bridge a\nORPort 9001", "Bridge a\r", `Bridge a \`, `Bridge a \ `, "a\x00"} {
		if CheckLine(line) == nil {
			t.Errorf("CheckLine(%q) passed", line)
		}
	}
}

// FuzzQuote holds that a quoted value stays one string of one line.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "plain", `"`, `\`, `\"`, "a\nb", `a\\" b`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := Quote(s)
		if err != nil {
			return
		}
		if CheckLine(q) != nil {
			t.Fatalf("%s is not one line", q)
		}
		var got strings.Builder
		body := q[1 : len(q)-1]
		for i := 0; i < len(body); i++ {
			if body[i] == '"' {
				t.Fatalf("%s ends early", q)
			}
			if body[i] == '\\' {
				i++
			}
			got.WriteByte(body[i])
		}
		if got.String() != s {
			t.Fatalf("%q came back as %q", s, got.String())
		}
	})
}

func FuzzParseLine(f *testing.F) {
	f.Add("Nov 21 03:44:00.000 [notice] Bootstrapped 100% (done): Done")
	f.Add("Nov 21 03:44:00.000 [warn] TestingTorNetwork is set. This …")
	f.Add("[err] x")
	f.Add(" [err] ")
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := ParseLine(s)
		if ok && !strings.Contains(s, l.Text) {
			t.Fatalf("%q has no %q", s, l.Text)
		}
	})
}

func TestLogTail(t *testing.T) {
	var seen []Line
	tail := &logTail{onLine: func(l Line) { seen = append(seen, l) }}
	for _, part := range []string{"Nov 1 [notice] o", "ne\nNov 1 [warn] two\nnoise\nNov 1 [err] Reading config failed--see", " above\n", "Nov 1 [warn] " + strings.Repeat("x", 3*maxLine) + "\n"} {
		tail.Write([]byte(part))
	}
	if len(seen) != 4 || seen[0] != (Line{"notice", "one"}) || seen[1] != (Line{"warn", "two"}) {
		t.Errorf("lines: %.200v", seen)
	}
	if got := tail.complaints(); !strings.HasPrefix(got, "two; xxx") || len(got) > 2*maxLine {
		t.Errorf("complaints: %.100q", got)
	}
	if !tail.configRefused() {
		t.Error("a refused configuration was not noticed")
	}
	tail.Write([]byte("Nov 1 [warn] Could not bind to 127.0.0.1:1: Address already in use.\n"))
	if tail.configRefused() {
		t.Error("a port in use was taken for a refused configuration")
	}
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	p, err := Start(t.Context(), Options{Dir: dir, Lines: []string{"DataDirectory " + dir, "NoSuchOption 1"}})
	if err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if !p.ConfigRefused() || !strings.Contains(p.Err().Error(), "NoSuchOption") {
		t.Errorf("refused %v: %v", p.ConfigRefused(), p.Err())
	}
	info, err := os.Stat(filepath.Join(dir, "torrc"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("torrc has mode %v", info.Mode())
	}
}

func TestStartErrors(t *testing.T) {
	if _, err := Start(t.Context(), Options{Binary: "/nonexistent/tor", Dir: t.TempDir()}); !errors.Is(err, ErrBinary) {
		t.Errorf("missing program: %v", err)
	}
	if _, err := Start(t.Context(), Options{Dir: t.TempDir(), Lines: []string{"a\nb"}}); err == nil {
		t.Error("a line with a newline was taken")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ended, Options{Dir: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}
