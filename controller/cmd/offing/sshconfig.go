package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"offing/controller"
	"offing/tunnel"
)

func (a *app) boxSSHConfig() *cobra.Command {
	return &cobra.Command{
		Use:   "ssh-config NAME",
		Short: "Let plain OpenSSH look after a box",
		Long: `Write a configuration with which plain ssh reaches a box through the Tor of a
running controller, and print the command to use. Its key is that of the
pairing: who has the files has the box.`,
		Args:              oneBox,
		ValidArgsFunction: firstWord(a.completePaired),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			pairing, err := (pairings{cfg.BoxesDir()}).read(args[0])
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program for ssh: %w", err)
			}
			files := sshFilesOf(&cfg, args[0])
			proxy := []string{program, "proxy", "--socks", socksAddress(&cfg)}
			if err := files.write(args[0], pairing, proxy); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "ssh -F %s %s status\n", shellWord(files.config), sshAlias(args[0]))
			warnOfOldSSH(cmd.Context(), a.stderr)
			return nil
		},
	}
}

// sshFiles are what ssh needs for one box.
type sshFiles struct{ config, key, knownHosts string }

func sshFilesOf(cfg *controller.Config, box string) sshFiles {
	base := filepath.Join(cfg.State, "ssh", box)
	return sshFiles{config: base + ".config", key: base, knownHosts: base + ".known_hosts"}
}

func (f sshFiles) all() []string { return []string{f.config, f.key, f.knownHosts} }

// sshAlias is what the box is called in the configuration. ssh looks for it in
// lower case.
func sshAlias(box string) string { return "offing-" + strings.ToLower(box) }

func (f sshFiles) write(box string, p tunnel.Pairing, proxy []string) error {
	if err := os.MkdirAll(filepath.Dir(f.key), 0o700); err != nil {
		return fmt.Errorf("write ssh's files: %w", err)
	}
	key, err := ssh.MarshalPrivateKey(p.Login(), "")
	if err != nil {
		return fmt.Errorf("write ssh's key: %w", err)
	}
	host, err := ssh.NewPublicKey(p.HostKey)
	if err != nil {
		return fmt.Errorf("write ssh's known hosts: %w", err)
	}
	for path, text := range map[string]string{
		f.key:        string(pem.EncodeToMemory(key)),
		f.knownHosts: knownhosts.Line([]string{p.Address.Host()}, host) + "\n",
		f.config:     f.text(box, p, proxy),
	} {
		if err := writePrivate(path, text); err != nil {
			return fmt.Errorf("write ssh's files: %w", err)
		}
	}
	return nil
}

// text is the configuration. Nothing of the user's own applies beside it, since
// ssh -F reads no other; what it says no to would tell the box of home.
func (f sshFiles) text(box string, p tunnel.Pairing, proxy []string) string {
	var words []string
	for _, word := range proxy {
		words = append(words, strings.ReplaceAll(shellWord(word), "%", "%%"))
	}
	lines := []string{
		"Host " + sshAlias(box),
		"HostName " + p.Address.Host(),
		"User agent",
		"ProxyCommand " + strings.Join(words, " ") + " %h %p",
		"IdentityFile " + configWord(f.key),
		"IdentitiesOnly yes",
		"IdentityAgent none",
		"UserKnownHostsFile " + configWord(f.knownHosts),
		"GlobalKnownHostsFile none",
		"StrictHostKeyChecking yes",
		"HostKeyAlgorithms ssh-ed25519",
		"UpdateHostKeys no",
		"PreferredAuthentications publickey",
		"ForwardAgent no",
		"ForwardX11 no",
		"ClearAllForwardings yes",
		"ControlPath none",
		"RequestTTY no",
	}
	return strings.Join(lines, "\n  ") + "\n"
}

// writePrivate replaces a file as a whole; nobody else may read it.
func writePrivate(path, text string) error {
	fresh, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(fresh.Name())
	if _, err := io.WriteString(fresh, text); err != nil {
		fresh.Close()
		return err
	}
	if err := fresh.Close(); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), path)
}

// shellWord quotes a word for a POSIX shell, if it needs to be.
func shellWord(word string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:,@%", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !safe(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// configWord quotes a file's name for ssh_config(5), where a percent sign
// begins a token.
func configWord(path string) string {
	return `"` + strings.NewReplacer("%", "%%", `\`, `\\`, `"`, `\"`).Replace(path) + `"`
}

// warnOfOldSSH says so when the installed ssh cannot talk to a box: its key
// exchange is post-quantum only. OpenSSH has it since 9.9.
func warnOfOldSSH(ctx context.Context, w io.Writer) {
	known, err := exec.CommandContext(ctx, "ssh", "-Q", "kex").Output()
	switch {
	case err != nil:
		fmt.Fprintln(w, "ssh could not be asked for its key exchanges: see that OpenSSH 9.9 or newer is installed")
	case !slices.Contains(strings.Fields(string(known)), ssh.KeyExchangeMLKEM768X25519):
		fmt.Fprintf(w, "the ssh of this machine is old: it lacks the key exchange %s, which OpenSSH has since 9.9 (in Debian 12: bookworm-backports). A box lets it in only if classic_kex is set in its configuration.\n", ssh.KeyExchangeMLKEM768X25519)
	}
}
