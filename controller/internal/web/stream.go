package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/hub"
)

// Streams are for pages whose WebSockets are blocked on the way: the same frames
// as events (WHATWG HTML, section 9.2), the page's messages each in a request of
// its own.

const (
	streamWrite   = 10 * time.Second // for one event
	streamWaiting = 64               // messages of a page that have not been read yet
)

// Errors of streams.
var (
	errCrowded    = errors.New("there are too many connections")
	errNoStream   = errors.New("there is no such stream")
	errTooQuickly = errors.New("the stream has messages that it has not read yet")
)

// stream is a hub.Conn. It belongs to the session of its ticket.
type stream struct {
	conn     net.Conn
	name     string
	door     *turnstile
	messages chan []byte
	closed   chan struct{}
	once     sync.Once
}

// streams are the open ones, by the hash of their name: to guess one by how long
// a look takes is to guess a hash.
type streams struct {
	mu sync.Mutex
	of map[[sha256.Size]byte]*stream
}

func newStreams() *streams { return &streams{of: map[[sha256.Size]byte]*stream{}} }

func (k *streams) add(t *stream) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.of[sha256.Sum256([]byte(t.name))] = t
}

func (k *streams) remove(t *stream) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.of, sha256.Sum256([]byte(t.name)))
}

func (k *streams) find(name string) *stream {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of[sha256.Sum256([]byte(name))]
}

// newStreamName returns 256 random bits in 43 characters.
func newStreamName() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, see its documentation
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Name is what the page must call the stream in its messages.
func (t *stream) Name() string { return t.name }

// Read implements hub.Conn.
func (t *stream) Read() ([]byte, error) {
	select {
	case m := <-t.messages:
		return m, nil
	case <-t.closed:
		return nil, io.EOF
	}
}

// Write implements hub.Conn.
func (t *stream) Write(message []byte) error {
	return t.write([]byte("data: "), message, []byte("\n\n"))
}

// KeepAlive sends a comment, so that nobody on the way takes the stream for dead.
func (t *stream) KeepAlive() error { return t.write([]byte(": \n\n")) }

func (t *stream) write(parts ...[]byte) error {
	_ = t.conn.SetWriteDeadline(time.Now().Add(streamWrite)) // fails on a closed connection only
	buffers := net.Buffers(parts)
	_, err := buffers.WriteTo(t.conn)
	return err
}

// Close implements hub.Conn.
func (t *stream) Close(int, string) error {
	t.once.Do(func() { close(t.closed) })
	return t.conn.Close()
}

// put hands the hub a message. It reports false when too many wait.
func (t *stream) put(message []byte) bool {
	select {
	case t.messages <- message:
		return true
	default:
		return false
	}
}

// postStream answers with events until either side ends it. The body is the
// first message, with the ticket.
func (s *Server) postStream(c *fiber.Ctx) error {
	var first json.RawMessage
	if err := body(c, &first); err != nil {
		return err
	}
	from := s.address(c)
	if !s.sockets.room(from) {
		return errCrowded
	}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set("X-Accel-Buffering", "no")             // nginx would collect events before it passes them on
	c.Response().Header.SetContentLength(-2)     // it ends with the connection
	c.Response().Header.Del("Transfer-Encoding") // which is said in a way of long ago
	head := append([]byte(nil), c.Response().Header.Header()...)
	c.Context().HijackSetNoResponse(true)
	c.Context().Hijack(func(hijacked net.Conn) { s.serveStream(hijacked, from, head, first) })
	return nil
}

// serveStream is where a stream is counted, not postStream: what that returns
// need not come here, when the page has gone meanwhile.
func (s *Server) serveStream(hijacked net.Conn, from netip.Addr, head, first []byte) {
	door := s.sockets.enter(s.Accounts, from)
	if door == nil {
		_ = hijacked.Close()
		return
	}
	defer door.leave()
	conn, _, err := detach(hijacked)
	if err != nil {
		_ = hijacked.Close()
		return
	}
	t := &stream{conn: conn, name: newStreamName(), door: door, messages: make(chan []byte, streamWaiting), closed: make(chan struct{})}
	defer func() { _ = t.Close(0, "") }()
	if err := t.write(head); err != nil {
		return
	}
	t.put(first)
	s.streams.add(t)
	defer s.streams.remove(t)
	go func() {
		_, _ = io.Copy(io.Discard, onlyReader{conn}) // until the page has gone
		_ = t.Close(0, "")
	}()
	if err := s.Hub.Serve(t, door); err != nil {
		s.Log.Debug("a stream ended", "why", err)
	}
}

// postMessage passes a message on to the page's own stream.
func (s *Server) postMessage(c *fiber.Ctx) error {
	var r struct {
		Stream  string          `json:"stream"`
		Message json.RawMessage `json:"message"`
	}
	if err := body(c, &r); err != nil {
		return err
	}
	t := s.streams.find(r.Stream)
	if t == nil || !t.door.is(principal(c).Session) {
		return errNoStream
	}
	if len(r.Message) > hub.MaxMessage {
		return fiber.ErrRequestEntityTooLarge
	}
	if !t.put(r.Message) {
		return errTooQuickly
	}
	return c.SendStatus(fiber.StatusNoContent)
}

// liveRoutes adds the ways of the live frames.
func (s *Server) liveRoutes(api fiber.Router) {
	api.Get("/ws", s.checkSocket, s.webSocket())
	api.Post("/stream", s.postStream)
	api.Post("/stream/messages", s.signedIn, s.postMessage)
}
