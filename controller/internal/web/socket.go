package web

import (
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fasthttp/websocket"
)

// Tuning of sockets.
const (
	maxMessage  = 64 << 10    // bytes of a message from the page
	closeWithin = time.Second // for the close frame, and for its answer
)

// pace says how patient a socket is.
type pace struct {
	write   time.Duration // for one message to the page
	ping    time.Duration // between two pings, give or take a fifth, so that sockets do not ping in step
	silence time.Duration // from the page, pongs included
}

var usualPace = pace{write: 10 * time.Second, ping: 25 * time.Second, silence: 70 * time.Second}

// codeBadFrame closes on a message that is no text.
const codeBadFrame = 4400

// socket is a hub.Conn. The connection that it wraps may serve another client
// as soon as the handler has returned, so a closed socket never touches it.
type socket struct {
	conn *websocket.Conn
	pace pace

	writing sync.Mutex // held for a message; before mu

	mu     sync.Mutex
	closed bool // a close frame was sent, or cannot be
}

func newSocket(conn *websocket.Conn, p pace) *socket {
	s := &socket{conn: conn, pace: p}
	conn.SetReadLimit(maxMessage)
	conn.SetPongHandler(func(string) error { s.heard(); return nil })
	s.heard()
	return s
}

// heard gives the page its time anew.
func (s *socket) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.pace.silence))
	}
}

// Read returns the next text message. It is called by one goroutine.
func (s *socket) Read() ([]byte, error) {
	kind, message, err := s.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	if kind != websocket.TextMessage || !utf8.Valid(message) {
		return nil, errors.Join(errors.New("a message is no text"), s.Close(codeBadFrame, "text only"))
	}
	s.heard()
	return message, nil
}

// Write sends a text message. An error, of which os.ErrDeadlineExceeded means
// that the page did not take it in time, is the end of the connection.
func (s *socket) Write(message []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.isClosed() {
		return net.ErrClosed
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.pace.write)) // never fails
	err := s.conn.WriteMessage(websocket.TextMessage, message)
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		return os.ErrDeadlineExceeded // the library's own error hides it
	}
	return err
}

// Close sends a close frame, and makes Read and a Write under way return within
// a second. Only the first call does something.
func (s *socket) Close(code int, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.closed = true
	deadline := time.Now().Add(closeWithin)
	err := s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), deadline)
	_ = s.conn.NetConn().SetDeadline(deadline) // for a Write and a Read under way
	return err
}

func (s *socket) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// ping asks for a sign of life until done is closed.
func (s *socket) ping(done <-chan struct{}) {
	for {
		jittered := s.pace.ping*4/5 + rand.N(s.pace.ping*2/5+1)
		select {
		case <-done:
			return
		case <-time.After(jittered):
		}
		if err := s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.pace.write)); err != nil {
			return // Read notices too
		}
	}
}

// finish waits for the answer to the close frame, without which the frame itself
// may be lost. When it returns nobody uses the connection any more.
func (s *socket) finish() {
	_ = s.Close(websocket.CloseInternalServerErr, "") // unless it was closed properly
	s.writing.Lock()
	defer s.writing.Unlock()
	for {
		if _, _, err := s.conn.NextReader(); err != nil {
			return
		}
	}
}
