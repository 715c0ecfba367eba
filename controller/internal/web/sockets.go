package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/fasthttp/websocket"
	"github.com/gobwas/ws"
	contrib "github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
)

// Bounds of live connections: sockets and streams.
const (
	maxStrangers  = 256 // that have not shown a ticket
	maxAlike      = 128 // of these, from one network
	maxPerSession = 32
	maxPerUser    = 200
)

// whence is where serveSocket finds the address that a socket is from.
const whence = "whence"

// Hub carries the live connections. *hub.Hub is one.
type Hub interface {
	Take(wire hub.Wire, door hub.Doorman, done func(error))
	Serve(conn hub.Conn, door hub.Doorman) error
	// Close ends all of them, and waits.
	Close()
}

// sockets counts the live connections. Those that have shown a ticket count for
// their session and for their user.
type sockets struct {
	pens   sync.Pool
	poller *poller

	mu        sync.Mutex
	all       int
	strangers int
	networks  map[netip.Prefix]int // of the strangers
	sessions  map[account.SessionID]int
	users     map[account.User]int
}

func newSockets() (*sockets, error) {
	poller, err := newPoller()
	if err != nil {
		return nil, err
	}
	return &sockets{
		pens: sync.Pool{New: newPen}, poller: poller,
		networks: map[netip.Prefix]int{},
		sessions: map[account.SessionID]int{}, users: map[account.User]int{},
	}, nil
}

// turnstile is the hub.Doorman of one connection: it counts whom it lets in.
type turnstile struct {
	*account.Accounts
	sockets *sockets
	network netip.Prefix

	// sockets.mu guards these.
	admitted bool
	user     account.User
	session  account.SessionID
}

// room tells whether there is some for another stranger from an address.
func (k *sockets) room(from netip.Addr) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.roomLocked(account.Network(from))
}

func (k *sockets) roomLocked(network netip.Prefix) bool {
	return k.strangers < maxStrangers && k.networks[network] < maxAlike && k.all < maxConns
}

// enter counts a stranger in. It returns nil when there is no room.
func (k *sockets) enter(a *account.Accounts, from netip.Addr) *turnstile {
	k.mu.Lock()
	defer k.mu.Unlock()
	network := account.Network(from)
	if !k.roomLocked(network) {
		return nil
	}
	k.all++
	k.strangers++
	k.networks[network]++
	return &turnstile{Accounts: a, sockets: k, network: network}
}

// OpenTicket is account.Accounts.OpenTicket for a session and a user that may
// have one more connection.
func (t *turnstile) OpenTicket(ctx context.Context, ticket string) (account.Principal, error) {
	p, err := t.Accounts.OpenTicket(ctx, ticket)
	if err != nil {
		return account.Principal{}, err
	}
	if !t.admit(p) {
		return account.Principal{}, hub.ErrCrowded
	}
	return p, nil
}

// admit counts the connection to p. It reports false when p has its share.
func (t *turnstile) admit(p account.Principal) bool {
	k := t.sockets
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sessions[p.Session] >= maxPerSession || k.users[p.User] >= maxPerUser {
		return false
	}
	t.knownLocked()
	k.sessions[p.Session]++
	k.users[p.User]++
	t.admitted, t.session, t.user = true, p.Session, p.User
	return true
}

// is tells whether the connection was opened in this session.
func (t *turnstile) is(id account.SessionID) bool {
	t.sockets.mu.Lock()
	defer t.sockets.mu.Unlock()
	return t.admitted && t.session == id
}

// leave counts the connection out.
func (t *turnstile) leave() {
	k := t.sockets
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all--
	if !t.admitted {
		t.knownLocked()
		return
	}
	countDown(k.sessions, t.session)
	countDown(k.users, t.user)
}

// knownLocked counts the connection as no stranger's any more.
func (t *turnstile) knownLocked() {
	t.sockets.strangers--
	countDown(t.sockets.networks, t.network)
}

func countDown[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}

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
	c.Locals(whence, s.address(c))
	return c.Next()
}

// serveSocket hands the connection to the hub. By its return all that fasthttp
// and the library have kept for the request is given back.
func (s *Server) serveSocket(conn *contrib.Conn) {
	raw, early, err := detach(conn.NetConn())
	if err != nil {
		s.Log.Debug("a socket was lost at its beginning", "err", err)
		_ = conn.Close()
		return
	}
	wire := newSocket(raw, early, s.sockets)
	from, _ := conn.Locals(whence).(netip.Addr)
	door := s.sockets.enter(s.Accounts, from)
	if door == nil {
		_, _ = wire.WriteNow([][]byte{crowded}) // if it cannot be said, the end says enough
		wire.Finish()
		wire.Close(0, "")
		return
	}
	taken := false
	defer func() {
		if !taken {
			door.leave()
		}
	}()
	s.Hub.Take(wire, door, func(why error) {
		door.leave()
		if why != nil {
			s.Log.Debug("a socket ended", "why", why)
		}
	})
	taken = true
}

// crowded closes a connection for which there is no room.
var crowded = ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(websocket.CloseTryAgainLater, "too many connections")))

// detach takes a connection away from fasthttp, with what its reader has read
// ahead. The reader serves another connection afterwards (valyala/fasthttp #2184,
// #2363), so nothing may be read through it again.
func detach(hijacked net.Conn) (conn net.Conn, early []byte, err error) {
	kept, ok := hijacked.(interface{ UnsafeConn() net.Conn })
	if !ok {
		return nil, nil, errors.New("the connection is not one of fasthttp's")
	}
	conn = kept.UnsafeConn()
	// With a deadline that has passed the reader gives what it has, and asks for no more.
	if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
		return nil, nil, err
	}
	if early, err = io.ReadAll(hijacked); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, nil, err
	}
	return conn, early, conn.SetDeadline(time.Time{})
}

// recoverSocket logs where a handler failed. It writes nothing to the
// connection, which may have another writer.
func (s *Server) recoverSocket(conn *contrib.Conn) {
	if recover() != nil {
		s.Log.Error("a socket's handler failed", "stack", string(debug.Stack()))
		_ = conn.Close()
	}
}
