// Package tor owns Tor: it runs a process of its own or uses an existing one,
// offers an onion service that only authorized clients can find, and dials
// onion services. Nothing else is ever dialled, and no name is ever resolved.
package tor

import (
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
)

// Tor is one Tor, our own process or an existing one. It is safe for
// concurrent use.
type Tor struct {
	cfg     Config
	board   *board
	key     onionKey   // of the service
	clients clientList // of the service

	mu      sync.Mutex
	control *controller           // nil while Tor is not running
	auths   map[Address]ClientKey // what Authorize was told
	reload  bool                  // the clients have changed since our process was started

	worked bool // this run of Tor was ready once; Run's own

	serviceMu sync.Mutex // one change of the authorized clients at a time
}

// New validates the configuration and makes the folders and, for a service, its
// key. Nothing runs until Run.
func New(cfg Config) (*Tor, error) {
	t, err := newTor(cfg)
	if err != nil {
		return nil, fmt.Errorf("tor: %w", err)
	}
	return t, nil
}

func newTor(cfg Config) (*Tor, error) {
	if err := cfg.prepare(); err != nil {
		return nil, err
	}
	t := &Tor{cfg: cfg, board: newBoard(), auths: make(map[Address]ClientKey)}
	var dirs []string
	if cfg.Control == "" {
		dirs = append(dirs, cfg.DataDir)
	}
	if cfg.RunDir != "" {
		dirs = append(dirs, cfg.RunDir)
	}
	if cfg.Service != nil {
		dirs = append(dirs, cfg.Service.Dir)
	}
	for _, dir := range dirs {
		if err := makePrivate(dir); err != nil {
			return nil, fmt.Errorf("make a private folder: %w", err)
		}
	}
	if cfg.Service == nil {
		return t, nil
	}
	var err error
	if t.key, err = loadOnionKey(cfg.Service.Dir); err != nil {
		return nil, err
	}
	t.clients, err = openClients(cfg.Service.Dir)
	return t, err
}

// Address returns the address of the service, known before Tor has ever run, or
// "" for a client.
func (t *Tor) Address() Address { return t.key.address }

// Authorize remembers the key for an onion service and gives it to Tor, now when
// it runs and at each of its starts. A further key for the same service
// replaces the first.
func (t *Tor) Authorize(to Address, key ClientKey) error {
	if _, err := ParseAddress(string(to)); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.auths[to] = key
	if t.control == nil {
		return nil
	}
	return onlyRefusal(addClientAuth(t.control, to, key))
}

// onlyRefusal drops the error of a connection that has just broken: what was to
// be told to Tor is told when it is back.
func onlyRefusal(err error) error {
	var r *refusal
	if errors.As(err, &r) {
		return err
	}
	return nil
}

func addClientAuth(c *controller, to Address, key ClientKey) error {
	_, err := c.command(fmt.Sprintf("ONION_CLIENT_AUTH_ADD %s x25519:%s", string(to), base64.StdEncoding.EncodeToString(key[:])))
	return err
}

// SetClients authorizes exactly these clients. With none the service is still
// not open: a key that nobody has stays authorized. A running Tor takes it over
// at once, but keeps the connections that a revoked client has; one that still
// has the descriptor reaches the service for some hours yet, which has to refuse
// it by itself.
func (t *Tor) SetClients(keys []ClientPublicKey) error {
	if t.cfg.Service == nil {
		return errors.New("tor: a client has no clients")
	}
	t.serviceMu.Lock()
	defer t.serviceMu.Unlock()
	if err := t.clients.set(keys); err != nil {
		return fmt.Errorf("tor: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.control == nil {
		t.reload = true
		return nil
	}
	if t.cfg.Control != "" {
		return onlyRefusal(t.replaceService(t.control))
	}
	_, err := t.control.command("SIGNAL RELOAD")
	return onlyRefusal(err)
}

// attach makes c the connection for commands, once Tor knows all of the keys.
func (t *Tor) attach(c *controller) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.authorizeLocked(c); err != nil {
		return err
	}
	if err := t.attachServiceLocked(c); err != nil {
		return err
	}
	t.control = c
	return nil
}

func (t *Tor) authorizeLocked(c *controller) error {
	for to, key := range t.auths {
		if err := addClientAuth(c, to, key); err != nil {
			return err
		}
	}
	return nil
}

// reauthorize gives Tor all of the keys again.
func (t *Tor) reauthorize() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.control == nil {
		return nil
	}
	return t.authorizeLocked(t.control)
}

func (t *Tor) attachServiceLocked(c *controller) error {
	switch {
	case t.cfg.Service == nil:
		return nil
	case t.cfg.Control != "":
		return t.addService(c)
	case t.reload:
		t.reload = false
		_, err := c.command("SIGNAL RELOAD")
		return err
	}
	return nil
}

func (t *Tor) detach() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.control = nil
}
