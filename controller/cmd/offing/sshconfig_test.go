package main

import (
	"crypto/ed25519"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"offing/controller"
)

// TestSSHReadsOddFolders: a state folder may have characters that mean something
// to ssh's configuration, to its tokens, or to a shell.
func TestSSHReadsOddFolders(t *testing.T) {
	cfg := controller.Config{State: filepath.Join(t.TempDir(), `o'd d%h "$x" ü`)}
	files := sshFilesOf(&cfg, "Demo.1")
	p := pairing(1)
	socks := "unix:" + cfg.State + "/socks"
	if err := files.write("Demo.1", p, []string{"/bin/echo", "--socks", socks}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ssh", "-G", "-F", files.config, sshAlias("Demo.1")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	settings := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		settings[key] = value
	}
	if settings["hostname"] != p.Address.Host() {
		t.Errorf("ssh would go to %q", settings["hostname"])
	}
	// ssh prints them with their tokens.
	literal := strings.NewReplacer("%%", "%", `"`, "", `\`, "")
	for key, want := range map[string]string{"identityfile": files.key, "userknownhostsfile": files.knownHosts} {
		if got, want := literal.Replace(settings[key]), literal.Replace(want); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	command := strings.NewReplacer("%h", "HOST", "%p", "PORT", "%%", "%").Replace(settings["proxycommand"])
	words, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", command).Output()
	if want := "--socks " + socks + " HOST PORT\n"; err != nil || string(words) != want {
		t.Errorf("ssh would run %q, want %q, %v", words, want, err)
	}
}

// TestSSHKey: the key that ssh gets is the one with which home logs in.
func TestSSHKey(t *testing.T) {
	cfg := controller.Config{State: t.TempDir()}
	files, p := sshFilesOf(&cfg, "demo"), pairing(1)
	if err := files.write("demo", p, []string{"true"}); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(files.key)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParseRawPrivateKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := key.(*ed25519.PrivateKey); !ok || !got.Equal(p.Login()) {
		t.Error("another key")
	}
}
