package web

import (
	"context"
	"runtime/debug"
	"sync"

	"github.com/fasthttp/websocket"
	contrib "github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// Bounds of sockets.
const (
	maxStrangers  = 256 // sockets that have not shown a ticket
	maxPerSession = 32
)

// sockets knows every open socket, to bound them and to close them.
type sockets struct {
	pace pace

	wg sync.WaitGroup // handlers; Add only while open

	mu       sync.Mutex
	closed   bool
	sessions map[*socket]account.SessionID // zero for a stranger
	count    map[account.SessionID]int
}

func newSockets() *sockets {
	return &sockets{
		pace:     usualPace,
		sessions: map[*socket]account.SessionID{}, count: map[account.SessionID]int{},
	}
}

// enter counts s as a stranger. It reports false when there is no room.
func (k *sockets) enter(s *socket) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.count[account.SessionID{}] >= maxStrangers {
		return false
	}
	k.sessions[s] = account.SessionID{}
	k.count[account.SessionID{}]++
	k.wg.Add(1)
	return true
}

// admit counts s to a session. It reports false when that has its share.
func (k *sockets) admit(s *socket, id account.SessionID) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.count[id] >= maxPerSession {
		return false
	}
	k.dropLocked(s)
	k.sessions[s] = id
	k.count[id]++
	return true
}

func (k *sockets) leave(s *socket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.dropLocked(s)
	delete(k.sessions, s)
	k.wg.Done()
}

func (k *sockets) dropLocked(s *socket) {
	id := k.sessions[s]
	if k.count[id]--; k.count[id] <= 0 {
		delete(k.count, id)
	}
}

// close says goodbye to every socket and lets no further one in.
func (k *sockets) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for s := range k.sessions {
		k.wg.Go(func() { _ = s.Close(websocket.CloseGoingAway, "the controller is stopping") })
	}
}

// wait returns when every handler has returned.
func (k *sockets) wait() { k.wg.Wait() }

// webSocket is the handler of GET /ws.
func (s *Server) webSocket() fiber.Handler {
	origins := make([]string, 0, len(s.names.origins))
	for origin := range s.names.origins {
		origins = append(origins, origin)
	}
	return contrib.New(s.serveSocket, contrib.Config{
		Origins:        origins, // never empty: that would mean any
		RecoverHandler: s.recoverSocket,
	})
}

// checkSocket refuses a handshake without an origin; checkOrigin has refused foreign ones.
func (s *Server) checkSocket(c *fiber.Ctx) error {
	if c.Get(fiber.HeaderOrigin) == "" {
		return errWrongOrigin
	}
	if !contrib.IsWebSocketUpgrade(c) {
		return fiber.ErrUpgradeRequired
	}
	return c.Next()
}

// serveSocket runs one socket. When it returns, the connection is no longer ours.
func (s *Server) serveSocket(conn *contrib.Conn) {
	c := newSocket(conn.Conn, s.sockets.pace)
	if !s.sockets.enter(c) {
		_ = c.Close(websocket.CloseTryAgainLater, "too many connections")
		return
	}
	defer s.sockets.leave(c)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { c.ping(done) })
	defer wg.Wait()
	defer close(done)
	defer c.finish()
	if err := s.Hub(s.ctx, c, &turnstile{s.Accounts, s.sockets, c}); err != nil {
		s.Log.Debug("a socket ended", "why", err)
	}
}

// recoverSocket logs where a handler failed. It writes nothing to the
// connection, which may have another writer.
func (s *Server) recoverSocket(*contrib.Conn) {
	if recover() != nil {
		s.Log.Error("a socket's handler failed", "stack", string(debug.Stack()))
	}
}

// turnstile is the hub.Doorman of one socket: it counts whom it lets in.
type turnstile struct {
	*account.Accounts
	sockets *sockets
	socket  *socket
}

// OpenTicket is account.Accounts.OpenTicket for a session that may have one more socket.
func (t *turnstile) OpenTicket(ctx context.Context, ticket string) (account.Principal, error) {
	p, err := t.Accounts.OpenTicket(ctx, ticket)
	if err != nil {
		return account.Principal{}, err
	}
	if !t.sockets.admit(t.socket, p.Session) {
		_ = t.socket.Close(websocket.CloseTryAgainLater, "too many connections in this session")
		return account.Principal{}, account.ErrTicketRefused
	}
	return p, nil
}
