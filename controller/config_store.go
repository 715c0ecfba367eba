package controller

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"offing/controller/internal/store"
)

// StoreConfig tells where the accounts and all that belongs to people are; see
// store.Config.
type StoreConfig struct {
	URL         string `toml:"url"`         // of a NATS cluster; empty for a folder in State
	Credentials string `toml:"credentials"` // file for the cluster
	Replicas    int    `toml:"replicas"`    // copies in the cluster
	KeyFile     string `toml:"key_file"`    // key of the folder; empty for STATE/store.key
}

// storeConfig returns the configuration of the store.
func (c *Config) storeConfig(log *slog.Logger) store.Config {
	keyFile := c.Store.KeyFile
	if keyFile == "" {
		keyFile = filepath.Join(c.State, "store.key")
	}
	return store.Config{
		Dir: filepath.Join(c.State, "store"), KeyFile: keyFile,
		URL: c.Store.URL, Credentials: c.Store.Credentials, Replicas: c.Store.Replicas,
		Log: log,
	}
}

func (c *Config) checkStore() error {
	st := c.Store
	if st.Replicas != 1 && st.Replicas != 3 {
		return fmt.Errorf("store.replicas: %d is not possible; want 3, or 1 for a single server", st.Replicas)
	}
	if st.URL == "" {
		if st.Credentials != "" {
			return errors.New("store.credentials: it belongs to a cluster; set store.url too, or remove it")
		}
		return nil
	}
	if st.KeyFile != "" {
		return errors.New("store.key_file: it belongs to the store in the state folder, which store.url replaces; remove one of them")
	}
	for server := range strings.SplitSeq(st.URL, ",") {
		if err := checkStoreServer(strings.TrimSpace(server)); err != nil {
			return err
		}
	}
	return nil
}

// checkStoreServer checks one server of store.url. What is wrong with it is said
// without repeating it: there may be a password in it.
func checkStoreServer(server string) error {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || (u.Scheme != "nats" && u.Scheme != "tls") || strings.Trim(u.Path, "/") != "" {
		return errors.New(`store.url: it is no address of NATS servers; want one such as "tls://nats.example.org:4222", several with commas between them`)
	}
	if u.User != nil {
		return errors.New("store.url: no password belongs into the configuration; set store.credentials to the path of a credentials file")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "nats" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.New("store.url: nats:// to another machine is not encrypted; use tls://, or a tunnel that ends at 127.0.0.1")
	}
	return nil
}
