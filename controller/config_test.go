package controller

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offing/configs"
)

// The example has every key, each with its default. That of state depends on the
// user, so it is there as a comment.
func TestExample(t *testing.T) {
	const example = "../configs/offing.toml"
	read := Config{State: DefaultConfig().State}
	if err := configs.Load(example, &read); err != nil {
		t.Fatal(err)
	}
	for _, list := range []*[]string{&read.Hosts, &read.Tor.Bridges, &read.Tor.Transports, &read.Tor.Extra} {
		if len(*list) == 0 {
			*list = nil // [] and nothing are the same
		}
	}
	if got, want := fmt.Sprintf("%+v", read), fmt.Sprintf("%+v", DefaultConfig()); got != want {
		t.Errorf("example  %s\ndefaults %s", got, want)
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range configs.Keys(&read) {
		line := "\n" + key[strings.LastIndex(key, ".")+1:] + " = "
		if key == "state" {
			line = "\n#state = "
		}
		if !strings.Contains(string(text), line) && !strings.Contains(string(text), "\n["+key+"]") {
			t.Errorf("the example lacks %s", key)
		}
	}
}

// The service keeps its state in the folder that systemd makes for it.
func TestUnit(t *testing.T) {
	text, err := os.ReadFile("../configs/systemd/offing.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"Type=notify", "StateDirectory=offing", "StateDirectoryMode=0700",
		"ExecStart=/usr/local/bin/offing serve --state /var/lib/offing",
	} {
		if !strings.Contains(string(text), "\n"+line+"\n") {
			t.Errorf("the unit lacks %s", line)
		}
	}
}

// valid is a configuration with nothing wrong.
func valid(t *testing.T) Config {
	c := DefaultConfig()
	c.State = t.TempDir()
	return c
}

func TestConfigAccepts(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"the defaults":    func(*Config) {},
		"localhost":       func(c *Config) { c.Listen = "localhost:0" },
		"IPv6's loopback": func(c *Config) { c.Listen = "[::1]:80" },
		"all, if wanted":  func(c *Config) { c.Listen, c.ListenPublic = ":8080", true },
		"a path":          func(c *Config) { c.PublicURL = "https://home.example.org/seed/box/" },
		"a proxy":         func(c *Config) { c.PublicURL = "https://boxes.example.org:8443/" },
		"proxies":         func(c *Config) { c.TrustedProxies = []string{"127.0.0.1", "::1", "10.1.2.3/8"} },
		"hosts":           func(c *Config) { c.Hosts = []string{"boxes", "boxes.lan:8080", "[fd00::1]:8080", "192.0.2.1"} },
		"a store's key":   func(c *Config) { c.Store.KeyFile = "/run/credentials/offing.service/store.key" },
		"a cluster": func(c *Config) {
			c.Store.URL, c.Store.Credentials = "tls://a.example.org:4222, tls://192.0.2.1", "/etc/offing/nats.creds"
		},
		"a local server": func(c *Config) {
			c.Store.URL, c.Store.Replicas = "nats://127.0.0.1:4222,nats://localhost,nats://[::1]", 1
		},
		"an existing Tor": func(c *Config) { c.Tor.Control, c.Tor.SOCKS = "unix:/run/tor/control", "127.0.0.1:9050" },
	} {
		c := valid(t)
		change(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is wrong is said with its key, and by New before anything is touched.
func TestConfigRefuses(t *testing.T) {
	for name, bad := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"no state":          {func(c *Config) { c.State = "" }, []string{"state: ", "--state"}},
		"every address":     {func(c *Config) { c.Listen = "0.0.0.0:8080" }, []string{"listen: ", "listen_public"}},
		"no address":        {func(c *Config) { c.Listen = ":8080" }, []string{"listen: ", "listen_public"}},
		"another address":   {func(c *Config) { c.Listen = "192.0.2.1:8080" }, []string{"listen: ", "listen_public"}},
		"a name":            {func(c *Config) { c.Listen = "boxes.lan:8080" }, []string{"listen: ", "listen_public"}},
		"no port":           {func(c *Config) { c.Listen = "127.0.0.1" }, []string{"listen: ", "host:port"}},
		"a page's scheme":   {func(c *Config) { c.PublicURL = "ftp://boxes" }, []string{"public_url: "}},
		"a page's dots":     {func(c *Config) { c.PublicURL = "https://boxes/offing/.." }, []string{"public_url: ", "plain path"}},
		"a page's query":    {func(c *Config) { c.PublicURL = "https://boxes/offing?x" }, []string{"public_url: ", "plain path"}},
		"a path of ours":    {func(c *Config) { c.PublicURL = "https://boxes/api" }, []string{"public_url: ", "below another"}},
		"a page's user":     {func(c *Config) { c.PublicURL = "https://me@boxes" }, []string{"public_url: "}},
		"no proxy":          {func(c *Config) { c.TrustedProxies = []string{"127.0.0.1", "localhost"} }, []string{"trusted_proxies: "}},
		"every proxy":       {func(c *Config) { c.TrustedProxies = []string{"::/0"} }, []string{"trusted_proxies: "}},
		"a proxy's link":    {func(c *Config) { c.TrustedProxies = []string{"fe80::1%eth0"} }, []string{"trusted_proxies: "}},
		"no host":           {func(c *Config) { c.Hosts = []string{""} }, []string{"hosts: "}},
		"a host's scheme":   {func(c *Config) { c.Hosts = []string{"boxes", "http://boxes"} }, []string{"hosts: "}},
		"a host's path":     {func(c *Config) { c.Hosts = []string{"boxes/"} }, []string{"hosts: "}},
		"a host's user":     {func(c *Config) { c.Hosts = []string{"me@boxes"} }, []string{"hosts: "}},
		"any host":          {func(c *Config) { c.Hosts = []string{"*.example.org"} }, []string{"hosts: "}},
		"a port alone":      {func(c *Config) { c.Hosts = []string{":8080"} }, []string{"hosts: "}},
		"no store":          {func(c *Config) { c.Store.URL = "nats.example.org" }, []string{"store.url: ", "tls://"}},
		"a page as store":   {func(c *Config) { c.Store.URL = "https://nats.example.org" }, []string{"store.url: ", "tls://"}},
		"a store's path":    {func(c *Config) { c.Store.URL = "tls://a/b" }, []string{"store.url: ", "tls://"}},
		"half a list":       {func(c *Config) { c.Store.URL = "tls://a," }, []string{"store.url: ", "tls://"}},
		"an open store":     {func(c *Config) { c.Store.URL = "tls://a,nats://192.0.2.1" }, []string{"store.url: ", "not encrypted"}},
		"a store's user":    {func(c *Config) { c.Store.URL = "tls://me:secret@a" }, []string{"store.url: ", "store.credentials"}},
		"credentials alone": {func(c *Config) { c.Store.Credentials = "/c" }, []string{"store.credentials: ", "store.url"}},
		"a cluster's key":   {func(c *Config) { c.Store.URL, c.Store.KeyFile = "tls://a", "/k" }, []string{"store.key_file: ", "store.url"}},
		"two replicas":      {func(c *Config) { c.Store.Replicas = 2 }, []string{"store.replicas: ", "3"}},
		"Tor without SOCKS": {func(c *Config) { c.Tor.Control = "unix:/run/tor/control" }, []string{"tor.control: ", "tor.socks"}},
		"SOCKS without Tor": {func(c *Config) { c.Tor.SOCKS = "unix:/run/tor/socks" }, []string{"tor.socks: ", "tor.control"}},
		"two at once":       {func(c *Config) { c.Listen, c.Hosts = ":1", []string{""} }, []string{"listen: ", "hosts: "}},
	} {
		c := valid(t)
		bad.change(&c)
		_, err := New(c, slog.New(slog.DiscardHandler))
		for _, want := range bad.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", name, err, want)
			}
		}
	}
}

// A password in the wrong place is not repeated.
func TestConfigRefusalHoldsNoPassword(t *testing.T) {
	for _, url := range []string{"tls://me:secret@a", "nats://me:secret@192.0.2.1", "http://me:secret@a", "tls://me:secret@a:b:c"} {
		c := valid(t)
		c.Store.URL = url
		if err := c.Validate(); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// The store is where the configuration says.
func TestStoreConfig(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	c := Config{State: "/s"}
	if got := c.storeConfig(log); got.Dir != "/s/store" || got.KeyFile != "/s/store.key" || got.URL != "" {
		t.Errorf("by default %+v", got)
	}
	c.Store = StoreConfig{URL: "tls://a", Credentials: "/c", Replicas: 3, KeyFile: "/k"}
	if got := c.storeConfig(log); got.KeyFile != "/k" || got.URL != "tls://a" || got.Credentials != "/c" || got.Replicas != 3 {
		t.Errorf("as configured %+v", got)
	}
}

// The command line finds the socket and the boxes where the controller has them.
func TestFolders(t *testing.T) {
	c := Config{State: "/s"}
	if c.Socket() != "/s/run/offing.sock" || c.BoxesDir() != "/s/boxes" {
		t.Error(c.Socket(), c.BoxesDir())
	}
	c.Run = "/r"
	if c.Socket() != "/r/offing.sock" {
		t.Error(c.Socket())
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	for xdg, want := range map[string]string{"": filepath.Join(home, ".local/state/offing"), "relative": filepath.Join(home, ".local/state/offing"), "/x": "/x/offing"} {
		t.Setenv("XDG_STATE_HOME", xdg)
		if got := DefaultConfig().State; got != want {
			t.Errorf("with XDG_STATE_HOME %q: %s, want %s", xdg, got, want)
		}
	}
	t.Setenv("HOME", "")
	t.Setenv("XDG_STATE_HOME", "")
	if c := DefaultConfig(); c.Validate() == nil {
		t.Errorf("without a home: %s", c.State)
	}
}
