package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
)

func TestExec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBox(t, nil).mustConnect("circuit-1")
		for _, test := range []struct {
			command string
			stdout  string
			exit    int
		}{
			{"status", "all is well\n", 0},
			{"  status  ", "all is well\n", 0},
			{"trouble", "half of it\n", 3},
			{"status; reboot", "", 127},
			{"$(status)", "", 127},
			{"status\nstatus", "", 127},
			{"", "", 127},
			{strings.Repeat("x", maxCommand+1), "", 127},
		} {
			out, exit, err := c.Exec(t.Context(), test.command)
			if err != nil || exit != test.exit || string(out) != test.stdout {
				t.Errorf("%q: %q, exit %d, %v; want %q, %d", test.command, out, exit, err, test.stdout, test.exit)
			}
		}
		out, exit, err := c.Exec(t.Context(), "list")
		if err != nil || exit != 0 || len(out) != 1<<20 {
			t.Errorf("list: %d bytes, exit %d, %v", len(out), exit, err)
		}
	})
}

func TestExecBoundsTheOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const window = 2 << 20 // of a channel: what may be on the way
		var written int
		c := newBox(t, func(cfg *ServerConfig) {
			cfg.Exec = func(_ context.Context, _ []string, stdout, _ io.Writer) int {
				for written < 10*maxOutput {
					n, err := stdout.Write(make([]byte, 1<<15))
					if written += n; err != nil {
						break
					}
				}
				return 0
			}
		}).mustConnect("circuit-1")
		if _, _, err := c.Exec(t.Context(), "list"); !errors.Is(err, errOutput) {
			t.Errorf("an endless list: %v", err)
		}
		synctest.Wait()
		if written > maxOutput+3*window {
			t.Errorf("%d MiB were taken, want about %d", written>>20, maxOutput>>20)
		}
	})
}

// A command that nobody waits for any more is told so.
func TestExecIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		c := b.mustConnect("circuit-1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := c.Exec(ctx, "hang"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Exec: %v", err)
		}
		wantStatus(t, c)
		b.stop() // returns only if the command has ended
	})
}

// There is nothing to ask for but the two channels and the commands.
func TestRefusedRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		client, err := b.foreignClient(b.foreign(ssh.PublicKeys(signer(t, b.owner))))
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"direct-tcpip", "direct-streamlocal@openssh.com", "tun@openssh.com", "x11", "forwarded-tcpip", "mirror", ""} {
			if _, _, err := client.OpenChannel(kind, nil); err == nil {
				t.Errorf("channel %q was opened", kind)
			}
		}
		for _, request := range []string{"tcpip-forward", "streamlocal-forward@openssh.com", "cancel-tcpip-forward", "hostkeys-prove-00@openssh.com"} {
			if ok, _, err := client.SendRequest(request, true, nil); ok || err != nil {
				t.Errorf("global request %q: %v, %v", request, ok, err)
			}
		}
		if ok, _, err := client.SendRequest(keepaliveRequest, true, nil); !ok || err != nil {
			t.Errorf("keepalive: %v, %v", ok, err)
		}
		session, requests, err := client.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		go ssh.DiscardRequests(requests)
		for _, request := range []string{"pty-req", "env", "subsystem", "x11-req", "auth-agent-req@openssh.com", "exec", "signal"} {
			if ok, err := session.SendRequest(request, true, []byte("nonsense")); ok || err != nil {
				t.Errorf("session request %q: %v, %v", request, ok, err)
			}
		}
	})
}

func TestOneCommandPerSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		client, err := b.foreignClient(b.foreign(ssh.PublicKeys(signer(t, b.owner))))
		if err != nil {
			t.Fatal(err)
		}
		session, requests, err := client.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		go ssh.DiscardRequests(requests)
		hang := ssh.Marshal(struct{ Command string }{"hang"})
		if ok, err := session.SendRequest("exec", true, hang); !ok || err != nil {
			t.Fatalf("the first command: %v, %v", ok, err)
		}
		if ok, err := session.SendRequest("exec", true, hang); ok || err != nil {
			t.Errorf("the second command: %v, %v", ok, err)
		}
	})
}

func TestShellIsAdvice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		client, err := b.foreignClient(b.foreign(ssh.PublicKeys(signer(t, b.owner))))
		if err != nil {
			t.Fatal(err)
		}
		session, err := client.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		session.Stderr = &stderr
		if err := session.Shell(); err != nil {
			t.Fatal(err)
		}
		var exit *ssh.ExitError
		if err := session.Wait(); !errors.As(err, &exit) || exit.ExitStatus() != exitNoShell {
			t.Errorf("shell: %v, want exit status %d", err, exitNoShell)
		}
		if !strings.Contains(stderr.String(), "no shell") || !strings.Contains(stderr.String(), "status list trouble") {
			t.Errorf("shell prints %q", stderr.String())
		}
	})
}

func FuzzParseWords(f *testing.F) {
	for _, seed := range []string{"", "status", "status --json", " a  b ", "a\tb", "a\x00b", "é", `"a b"`, "a\nb", strings.Repeat("a ", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, command string) {
		words, err := parseWords(command)
		if err != nil {
			if words != nil || !errors.Is(err, errCommand) {
				t.Fatalf("%q: %q, %v", command, words, err)
			}
			return
		}
		if len(command) > maxCommand {
			t.Fatalf("%d bytes were accepted", len(command))
		}
		for _, w := range words {
			if w == "" || strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Fatalf("%q gives the word %q", command, w)
			}
		}
		again, err := parseWords(strings.Join(words, " "))
		if err != nil || !slices.Equal(again, words) {
			t.Fatalf("%q gives %q, and that %q, %v", command, words, again, err)
		}
	})
}
