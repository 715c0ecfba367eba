package agent

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"

	"offing/agent/internal/controllers"
	"offing/tunnel/tor"
)

// reload puts the controllers of the folder in force: who is not among them is
// refused from now on, and disconnected. It is for one goroutine at a time.
func (s *service) reload() {
	list, err := s.folder.List()
	if err != nil {
		s.log.Error("not all controllers can be read", "error", err)
	}
	s.register.Set(list)
	s.server.Disconnect(func(_ string, key ed25519.PublicKey) bool {
		_, ok := s.register.Authorize(key)
		return ok
	})
	clients := clientsOf(list)
	if s.clients != nil && slices.Equal(s.clients, clients) {
		return
	}
	if err := s.onion.SetClients(clients); err != nil {
		s.clients = nil // tried again at the next look
		s.log.Error("the onion service does not know its clients", "error", err)
		return
	}
	s.clients = clients
	s.log.Info("controllers are in force", "count", len(list))
	if len(list) == 0 {
		s.log.Warn("nobody can reach this box yet: run `offing-agent pair` here, and `offing box add` at home")
	}
}

func clientsOf(list []controllers.Controller) []tor.ClientPublicKey {
	clients := make([]tor.ClientPublicKey, 0, len(list))
	for _, c := range list {
		clients = append(clients, c.Client)
	}
	return clients
}

// announce tells the log and the service manager how Tor gets on, until ctx
// ends. Ready is when Tor has bootstrapped; it then takes a few seconds more
// until the directories know the service.
func (s *service) announce(ctx context.Context) {
	ready := false
	for {
		changed, t := s.onion.Changed(), s.onion.Status()
		up := t.Running && t.Percent == 100
		switch {
		case up && !ready:
			s.log.Info("ready", "onion", s.onion.Address())
			s.notifier.tell("STATUS=Ready: Tor has bootstrapped and publishes the onion service")
		case !up:
			s.notifier.tell(fmt.Sprintf("STATUS=Tor %d %%: %s", t.Percent, t.Summary))
		}
		ready = up
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}
