package tor

import (
	"os"
	"strings"
	"testing"
)

func TestConfigErrors(t *testing.T) {
	dir := shortDir(t)
	home := func(change func(*Config)) Config {
		c := Config{DataDir: dir + "/data", RunDir: dir + "/run", Client: true}
		change(&c)
		return c
	}
	for want, cfg := range map[string]Config{
		"not found: install":     home(func(c *Config) { c.Binary = "no-such-tor" }),
		"either a client or":     home(func(c *Config) { c.Client = false }),
		"client or offers":       home(func(c *Config) { c.Service = &Service{Dir: dir} }),
		"needs a data folder":    home(func(c *Config) { c.DataDir = "" }),
		"folder for its sockets": home(func(c *Config) { c.RunDir = "" }),
		"shorter folder":         home(func(c *Config) { c.RunDir = "/tmp/" + strings.Repeat("x", 100) }),
		"cannot be written":      home(func(c *Config) { c.DataDir = dir + "/a\nORPort 9001" }),
		"is no torrc line":       home(func(c *Config) { c.Extra = []string{"Nickname a\nORPort 9001"} }),
		"Bridge 192":             home(func(c *Config) { c.Bridges = []string{"192.0.2.1:443\nSocksPort 9050"} }),
		"exec /bin/x":            home(func(c *Config) { c.Transports = []string{`obfs4 exec /bin/x \`} }),
		"where the box is":       home(func(c *Config) { c.Extra = []string{"hiddenServiceNonAnonymousMode 1"} }),
		"SOCKS port is needed":   home(func(c *Config) { c.Control = "/run/tor/control" }),
		"belong into the torrc":  home(func(c *Config) { c.Control, c.SOCKS, c.Bridges = "/c", "/s", []string{"x"} }),
		"neither unix:/path":     home(func(c *Config) { c.Control, c.SOCKS = "localhost:9051", "/s" }),
		"not on this machine":    home(func(c *Config) { c.Control, c.SOCKS = "/c", "192.0.2.1:9050" }),
		"begin with /":           home(func(c *Config) { c.Control, c.SOCKS = "unix:control", "/s" }),
		"folder for its key":     {DataDir: dir, RunDir: dir, Service: &Service{}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestTorrc(t *testing.T) {
	home := Config{
		DataDir: `/d "x"`, RunDir: "/r", Client: true,
		Bridges: []string{"obfs4 192.0.2.1:443 cert=x"}, Transports: []string{"obfs4 exec /usr/bin/obfs4proxy"},
	}
	checkTorrc(t, home,
		`DataDirectory "/d \"x\""`,
		`ControlPort unix:"/r/control"`,
		"CookieAuthentication 1",
		`SocksPort unix:"/r/socks" OnionTrafficOnly IsolateSOCKSAuth KeepAliveIsolateSOCKSAuth ExtendedErrors`,
		"SafeSocks 1",
		"ConnectionPadding 1",
		"UseBridges 1",
		"Bridge obfs4 192.0.2.1:443 cert=x",
		"ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy",
	)
	box := Config{
		DataDir: "/d", RunDir: "/r", Extra: []string{"Nickname x"},
		Service: &Service{Dir: "/o", Socket: "/r/service", MaxStreams: 16},
	}
	lines := checkTorrc(t, box,
		"SocksPort 0",
		`HiddenServiceDir "/o"`,
		"HiddenServiceVersion 3",
		`HiddenServicePort 22 unix:"/r/service"`,
		"HiddenServicePoWDefensesEnabled 1",
		"HiddenServiceMaxStreams 16",
		"HiddenServiceMaxStreamsCloseCircuit 1",
		"HiddenServiceExportCircuitID haproxy",
	)
	if strings.Index(lines, "Nickname") > strings.Index(lines, "HiddenServiceDir") {
		t.Error("an extra line could become part of the service")
	}
}

func checkTorrc(t *testing.T, cfg Config, want ...string) string {
	t.Helper()
	lines, err := cfg.torrc()
	if err != nil {
		t.Fatal(err)
	}
	text := "\n" + strings.Join(lines, "\n") + "\n"
	for _, w := range want {
		if !strings.Contains(text, "\n"+w+"\n") {
			t.Errorf("no line %s in:%s", w, text)
		}
	}
	return text
}

// TestRefusedByTor: Run ends when trying again is of no use, and says why.
func TestRefusedByTor(t *testing.T) {
	dir := shortDir(t)
	tor, err := New(Config{DataDir: dir + "/d", RunDir: dir, Client: true, Extra: []string{"NoSuchOption 1"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := tor.Run(patient(t)); err == nil || !strings.Contains(err.Error(), "NoSuchOption") {
		t.Errorf("Run: %v", err)
	}
	if s := tor.Status(); s.Running || !strings.Contains(s.Summary, "NoSuchOption") {
		t.Errorf("status: %+v", s)
	}
}

func TestProgramGone(t *testing.T) {
	dir := shortDir(t)
	program := dir + "/tor"
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	tor, err := New(Config{Binary: program, DataDir: dir + "/d", RunDir: dir, Client: true})
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(program)
	if err := tor.Run(patient(t)); err == nil || !strings.Contains(err.Error(), "cannot be run") {
		t.Errorf("Run: %v", err)
	}
}
