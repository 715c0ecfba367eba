package controller

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Config is what the file offing.toml says; configs/offing.toml explains each
// key. The zero Config is not valid: begin with DefaultConfig.
type Config struct {
	State          string      `toml:"state"`           // folder of all that must last
	Run            string      `toml:"run"`             // folder of the Unix sockets; empty for STATE/run
	LogLevel       slog.Level  `toml:"log_level"`       // debug, info, warn or error
	Listen         string      `toml:"listen"`          // host:port of the page and the API
	ListenPublic   bool        `toml:"listen_public"`   // allows a Listen beyond loopback
	PublicURL      string      `toml:"public_url"`      // where browsers find the page, when not at Listen
	Hosts          []string    `toml:"hosts"`           // further names that browsers may use for the page
	TrustedProxies []string    `toml:"trusted_proxies"` // addresses, or networks such as 10.0.0.0/8, of web servers that say who asks
	Store          StoreConfig `toml:"store"`
	Tor            TorConfig   `toml:"tor"`
}

// TorConfig tells how home reaches Tor; see tor.Config.
type TorConfig struct {
	Binary     string   `toml:"binary"`
	Control    string   `toml:"control"`
	SOCKS      string   `toml:"socks"`
	Bridges    []string `toml:"bridges"`
	Transports []string `toml:"transports"`
	Extra      []string `toml:"extra"`
}

// DefaultConfig returns the configuration of an empty file. Its State is empty
// when the user has no home folder; Validate says so.
func DefaultConfig() Config {
	return Config{
		State:    defaultState(),
		LogLevel: slog.LevelInfo,
		Listen:   "127.0.0.1:8080",
		Store:    StoreConfig{Replicas: 3},
		Tor:      TorConfig{Binary: "tor"},
	}
}

// defaultState follows the XDG Base Directory Specification.
func defaultState() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "offing")
	}
	if home, err := os.UserHomeDir(); err == nil && home != "" {
		return filepath.Join(home, ".local", "state", "offing")
	}
	return ""
}

// RunDir returns the folder of the Unix sockets.
func (c *Config) RunDir() string {
	if c.Run != "" {
		return c.Run
	}
	return filepath.Join(c.State, "run")
}

// Socket returns the path of the socket that the command line talks to.
func (c *Config) Socket() string { return filepath.Join(c.RunDir(), "offing.sock") }

// BoxesDir returns the folder with one pairing file for each box.
func (c *Config) BoxesDir() string { return filepath.Join(c.State, "boxes") }

// Validate returns all that is wrong with the configuration, joined.
func (c *Config) Validate() error {
	return errors.Join(c.checkFolders(), c.checkListen(), c.checkPublicURL(), c.checkHosts(), c.checkProxies(), c.checkStore(), c.checkTor())
}

func (c *Config) checkFolders() error {
	if c.State == "" {
		return errors.New(`state: there is no home folder to put it in; set the key "state", or give --state`)
	}
	return nil
}

func (c *Config) checkListen() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf(`listen: %q is no address; want host:port, such as "127.0.0.1:8080"`, c.Listen)
	}
	if ip := net.ParseIP(host); c.ListenPublic || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("listen: %q can be reached by other machines, and the page has no encryption of its own; "+
		"keep 127.0.0.1 behind a web server with TLS, or set listen_public = true if the network is yours", c.Listen)
}

func (c *Config) checkPublicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf(`public_url: %q is no address of a page; want one such as "https://boxes.example.org"`, c.PublicURL)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil || path.Clean("/"+u.Path) != "/"+strings.Trim(u.Path, "/") {
		return fmt.Errorf(`public_url: %q has more than a host and a plain path; want one such as "https://home.example.org/seedbox"`, c.PublicURL)
	}
	if first, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/"); first == "api" || first == "assets" {
		return fmt.Errorf("public_url: %q begins with a path of the page's own; put it below another", c.PublicURL)
	}
	return nil
}

func (c *Config) checkHosts() error {
	for _, host := range c.Hosts {
		if u, err := url.Parse("http://" + host); err != nil || u.Host != host || u.Hostname() == "" || strings.Contains(host, "*") {
			return fmt.Errorf(`hosts: %q is no host; want "name" or "name:port", as browsers send it; each name by itself`, host)
		}
	}
	return nil
}

func (c *Config) checkProxies() error {
	_, err := c.trustedProxies()
	return err
}

// trustedProxies returns the networks that TrustedProxies names.
func (c *Config) trustedProxies() ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(c.TrustedProxies))
	for _, text := range c.TrustedProxies {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil || address.Zone() != "" {
				return nil, fmt.Errorf(`trusted_proxies: %q is no address; want one such as "127.0.0.1", or a network such as "10.0.0.0/8"`, text)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		if network.Bits() == 0 {
			return nil, fmt.Errorf("trusted_proxies: %q is everybody, who could then say to be anybody; name the web server's own address", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

func (c *Config) checkTor() error {
	if c.Tor.Control == "" && c.Tor.SOCKS != "" {
		return errors.New(`tor.socks: it belongs to a Tor that already runs; set tor.control too, or remove it`)
	}
	if c.Tor.Control != "" && c.Tor.SOCKS == "" {
		return errors.New(`tor.control: a Tor that already runs is reached through its SOCKS socket; set tor.socks too, such as "unix:/run/tor/socks"`)
	}
	return nil
}
