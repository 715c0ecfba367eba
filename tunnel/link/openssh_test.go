package link

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// openSSH returns an ssh program that knows the post-quantum exchange.
func openSSH(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("ssh")
	if err != nil {
		t.Fatal("ssh is missing: apt-get install openssh-client")
	}
	out, err := exec.Command(program, "-Q", "kex").Output()
	if err != nil {
		t.Fatalf("%s -Q kex: %v", program, err)
	}
	if !strings.Contains(string(out), ssh.KeyExchangeMLKEM768X25519) {
		t.Fatalf("%s does not know %s: put OpenSSH 9.9 or newer first in the path (for Debian 12 it is in bookworm-backports)",
			program, ssh.KeyExchangeMLKEM768X25519)
	}
	return program
}

// plain is a real ssh client and a Server that it can reach.
type plain struct {
	program string
	dir     string
	port    string
	host    ed25519.PrivateKey
}

func newPlain(t *testing.T) *plain {
	t.Helper()
	p := &plain{program: openSSH(t), dir: t.TempDir(), host: newKey("host")}
	owner := newKey("owner")
	p.port = serveTCP(t, ServerConfig{
		HostKey: p.host,
		Authorize: func(key ed25519.PublicKey) (string, bool) {
			return "owner", key.Equal(public(owner))
		},
		Mirror: (&box{}).mirror, Exec: commands, Log: testLog(t),
	})
	p.writeKey(t, "owner", owner)
	p.writeKey(t, "stranger", newKey("stranger"))
	p.trust(t, p.host)
	return p
}

// serveTCP runs a server on a port of its own until the end of the test.
func serveTCP(t *testing.T, cfg ServerConfig) (port string) {
	t.Helper()
	server, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

func (p *plain) writeKey(t *testing.T, name string, key ed25519.PrivateKey) {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, name, pem.EncodeToMemory(block))
}

// trust makes key the one that the client expects of the host.
func (p *plain) trust(t *testing.T, key ed25519.PrivateKey) {
	t.Helper()
	line := "[127.0.0.1]:" + p.port + " " + string(ssh.MarshalAuthorizedKey(signer(t, key).PublicKey()))
	p.write(t, "known_hosts", []byte(line))
}

func (p *plain) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs ssh with further arguments; those after "--" are the command.
func (p *plain) run(t *testing.T, key string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	options, command := args, []string(nil)
	for i, a := range args {
		if a == "--" {
			options, command = args[:i], args[i+1:]
		}
	}
	all := []string{"-F", "none", "-p", p.port, "-i", filepath.Join(p.dir, key),
		"-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes",
		"-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=/dev/null",
		"-o", "UserKnownHostsFile=" + filepath.Join(p.dir, "known_hosts")}
	all = append(append(append(all, options...), "agent@127.0.0.1"), command...)
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(t.Context(), p.program, all...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

func TestOpenSSHRunsCommands(t *testing.T) {
	p := newPlain(t)
	for _, test := range []struct {
		command        string
		stdout, stderr string
		exit           int
	}{
		{"status", "all is well\n", "", 0},
		{"trouble", "half of it\n", "the disk is full\n", 3},
		{"reboot", "", "the words are: status list trouble\n", 127},
	} {
		out, errOut, exit := p.run(t, "owner", "--", test.command)
		if out != test.stdout || errOut != test.stderr || exit != test.exit {
			t.Errorf("%s: %q, %q, exit %d", test.command, out, errOut, exit)
		}
	}
	if out, _, exit := p.run(t, "owner", "--", "list"); len(out) != 1<<20 || exit != 0 {
		t.Errorf("list: %d bytes, exit %d", len(out), exit)
	}
}

func TestOpenSSHWithoutACommand(t *testing.T) {
	out, errOut, exit := newPlain(t).run(t, "owner")
	if out != "" || exit != exitNoShell || !strings.Contains(errOut, "no shell") || !strings.Contains(errOut, "status list trouble") {
		t.Errorf("%q, %q, exit %d", out, errOut, exit)
	}
}

func TestOpenSSHRefusals(t *testing.T) {
	const failed = 255 // ssh's own status for an error of the connection
	for _, test := range []struct {
		name, key string
		args      []string
		want      string
	}{
		{"stranger", "stranger", []string{"--", "status"}, "Permission denied"},
		{"password", "owner", []string{"-o", "PreferredAuthentications=password,keyboard-interactive", "--", "status"}, "Permission denied (publickey)"},
		{"no post-quantum exchange", "owner", []string{"-o", "KexAlgorithms=curve25519-sha256,sntrup761x25519-sha512@openssh.com", "--", "status"}, "no matching key exchange method"},
		{"weak cipher", "owner", []string{"-o", "Ciphers=aes128-ctr", "--", "status"}, "no matching cipher"},
		{"sftp", "owner", []string{"-s", "--", "sftp"}, "subsystem request failed"},
		{"remote forward", "owner", []string{"-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9", "--", "status"}, "remote port forwarding failed"},
		{"stdio forward", "owner", []string{"-W", "127.0.0.1:9"}, "stdio forwarding failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errOut, exit := newPlain(t).run(t, test.key, test.args...)
			if out != "" || exit != failed || !strings.Contains(errOut, test.want) {
				t.Errorf("%q, %q, exit %d; want %q", out, errOut, exit, test.want)
			}
		})
	}
}

func TestOpenSSHNoticesAnotherHostKey(t *testing.T) {
	p := newPlain(t)
	p.trust(t, newKey("other host"))
	if _, errOut, exit := p.run(t, "owner", "--", "status"); exit == 0 || !strings.Contains(errOut, "IDENTIFICATION HAS CHANGED") {
		t.Errorf("%q, exit %d", errOut, exit)
	}
}

func TestSSHAudit(t *testing.T) {
	audit, err := exec.LookPath("ssh-audit")
	if err != nil {
		t.Fatal("ssh-audit is missing: apt-get install ssh-audit")
	}
	p := newPlain(t)
	out, err := exec.CommandContext(t.Context(), audit, "--no-colors", "--port", p.port, "127.0.0.1").CombinedOutput()
	report := string(out)
	if strings.Contains(report, "unknown algorithm") {
		t.Fatalf("%s is too old to judge: put ssh-audit 3.3 or newer first in the path (Debian 13 has it)\n%s", audit, report)
	}
	if err != nil || strings.Contains(report, "[fail]") || strings.Contains(report, "[warn]") {
		t.Errorf("ssh-audit has something to say: %v\n%s", err, report)
	}
}
