package simulator

import (
	"compress/gzip"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Protocol constants.
const (
	path          = "/transmission/rpc"
	sessionHeader = "X-Transmission-Session-Id"
	maxRefusals   = 100 // wrong passwords in a row after which 3.00 locks itself
	maxRequest    = 64 << 20
)

// request is the old form of the RPC, which every version reads.
type request struct {
	Method    string          `json:"method"`
	Arguments json.RawMessage `json:"arguments"`
	Tag       *int64          `json:"tag"`
}

// buffers are those of the answers, which are as large as the box.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxKept is the largest buffer that is kept for another answer, in bytes.
const maxKept = 16 << 20

// ServeHTTP implements http.Handler: the RPC at /transmission/rpc.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
	if err != nil || s.wait(r.Context()) != nil {
		return
	}
	w.Header().Set("Server", "Transmission")
	if strings.TrimSuffix(r.URL.Path, "/") != path {
		page(w, http.StatusNotFound, "")
		return
	}
	if !s.admits(w, r) {
		return
	}
	buffer := buffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= maxKept {
			buffers.Put(buffer)
		}
	}()
	*buffer = s.answer((*buffer)[:0], body)
	write(w, r, *buffer)
}

// wait blocks while the box is frozen.
func (s *Simulator) wait(ctx context.Context) error {
	s.mu.Lock()
	frozen := s.frozen
	s.mu.Unlock()
	if frozen == nil {
		return nil
	}
	select {
	case <-frozen:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// admits checks the login and the session id, and answers when they are wrong.
func (s *Simulator) admits(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	locks := s.cfg.RPCVersion == RPC16 // later versions only when told to
	if locks && s.refusals >= maxRefusals {
		page(w, http.StatusForbidden, "<p>Too many unsuccessful login attempts. Please restart transmission-daemon.</p>")
		return false
	}
	if !s.knows(r.BasicAuth()) {
		s.refusals++
		w.Header().Set("WWW-Authenticate", `Basic realm="Transmission"`)
		text := ""
		if locks {
			text = fmt.Sprintf("<p>Unauthorized User. %d unsuccessful login attempts.</p>", s.refusals)
		}
		page(w, http.StatusUnauthorized, text)
		return false
	}
	s.refusals = 0
	if r.Method != http.MethodPost && r.Header.Get(sessionHeader) == s.sessionID {
		page(w, http.StatusMethodNotAllowed, "")
		return false
	}
	if r.Header.Get(sessionHeader) != s.sessionID {
		w.Header().Set(sessionHeader, s.sessionID)
		page(w, http.StatusConflict, conflictText+sessionHeader+": "+s.sessionID+"</code></p>")
		return false
	}
	return true
}

func (s *Simulator) knows(user, password string, _ bool) bool {
	if s.cfg.User == "" && s.cfg.Password == "" {
		return true
	}
	return subtle.ConstantTimeCompare([]byte(user), []byte(s.cfg.User))&
		subtle.ConstantTimeCompare([]byte(password), []byte(s.cfg.Password)) == 1
}

const conflictText = `<p>Your request had an invalid session-id header.</p><p>To fix this, follow these steps:<ol><li> When reading a response, get its X-Transmission-Session-Id header and remember it<li> Add the updated header to your outgoing requests<li> When you get this 409 error message, resend your request with the updated header</ol></p><p>This requirement has been added to help prevent <a href="https://en.wikipedia.org/wiki/Cross-site_request_forgery">CSRF</a> attacks.</p><p><code>`

// page answers what is not the RPC's own, as the daemon does.
func page(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=ISO-8859-1")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<h1>%d: %s</h1>%s", status, http.StatusText(status), text)
}

var compressors = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestCompression) // the daemon's level
	return z
}}

// write sends the answer, compressed when the client asks for that.
func write(w http.ResponseWriter, r *http.Request, answer []byte) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := compressors.Get().(*gzip.Writer)
	defer compressors.Put(z)
	z.Reset(w)
	_, _ = z.Write(answer)
	_ = z.Close()
}
