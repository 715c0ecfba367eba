package tor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cretz/bine/control"
)

// runExisting uses the existing Tor until its control connection breaks.
func (t *Tor) runExisting(ctx context.Context) error {
	network, address, err := endpoint(t.cfg.Control)
	if err != nil {
		return err
	}
	c, err := dialControl(ctx, network, address)
	if err != nil {
		return err
	}
	defer c.close()
	text, err := c.info("process/pid")
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("tor's process id: %w", err)
	}
	return t.follow(ctx, pid, c, network, address)
}

// addService offers the service through the control connection, with which it
// ends. It differs from our own Tor's: circuit ids are not exported there.
func (t *Tor) addService(c *controller) error {
	keys, err := t.clients.keys()
	if err != nil {
		return err
	}
	s := t.cfg.Service
	var b strings.Builder
	fmt.Fprintf(&b, "ADD_ONION %s Flags=DiscardPK,V3Auth,MaxStreamsCloseCircuit MaxStreams=%d Port=%d,unix:%s",
		t.key.forControl(), s.MaxStreams, Port, s.Socket)
	for _, key := range keys {
		fmt.Fprintf(&b, " ClientAuthV3=%s", key.base32())
	}
	// The proof-of-work defence is an argument since Tor 0.4.9; older ones refuse it.
	_, err = c.command(b.String() + " PoWDefensesEnabled=1")
	var refused *refusal
	if errors.As(err, &refused) && (refused.code == control.StatusErrSyntaxErrorArg || refused.code == control.StatusErrUnrecognizedCmdArg) {
		t.cfg.Log.Info("this tor offers no proof-of-work defence to services of the control port")
		_, err = c.command(b.String())
	}
	return err
}

// replaceService offers the service anew, with the clients that are authorized
// now.
func (t *Tor) replaceService(c *controller) error {
	if _, err := c.command("DEL_ONION " + string(t.key.address)); err != nil {
		return err
	}
	return t.addService(c)
}
