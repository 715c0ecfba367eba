package hub

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// writeWithin is the deadline of a page's Conn.
const writeWithin = 20 * time.Second

// page is a Conn and the browser at its other end.
type page struct {
	t        *testing.T
	toHub    chan string
	fromHub  chan []byte
	closed   chan struct{}
	once     sync.Once
	code     int
	reason   string
	returned chan error // what Serve returned
}

func (p *page) Read() ([]byte, error) {
	select {
	case m := <-p.toHub:
		return []byte(m), nil
	case <-p.closed:
		return nil, io.EOF
	}
}

func (p *page) Write(m []byte) error {
	select {
	case p.fromHub <- m:
		return nil
	case <-p.closed:
		return io.ErrClosedPipe
	case <-time.After(writeWithin):
		return fmt.Errorf("write: %w", os.ErrDeadlineExceeded)
	}
}

func (p *page) Close(code int, reason string) error {
	p.once.Do(func() {
		p.code, p.reason = code, reason
		close(p.closed)
	})
	return nil
}

// leave ends the connection as a browser does.
func (p *page) leave() {
	p.t.Helper()
	_ = p.Close(codeNormal, "")
	if err := <-p.returned; err != nil {
		p.t.Fatalf("Serve returned %v after the page had left", err)
	}
}

// send passes messages to the hub.
func (p *page) send(messages ...string) {
	for _, m := range messages {
		select {
		case p.toHub <- m:
		case <-p.closed:
		}
	}
}

// present sends the first message.
func (p *page) present(ticket string) { p.send(fmt.Sprintf(`{"op":"open","ticket":%q}`, ticket)) }

// frame is any message of the hub.
type frame struct {
	Op        string
	Topic     string `json:"t"`
	Seq       uint64 `json:"s"`
	Epoch     string `json:"e"` // of a reset's first frame only
	More      bool
	Gone      bool
	Items     []string
	Ticket    string
	ExpiresIn int `json:"expires_in"`
	Code      string
	Text      string

	raw []byte
}

// receive returns the next message. It fails the test when none comes.
func (p *page) receive() frame {
	p.t.Helper()
	select {
	case m := <-p.fromHub:
		f := frame{raw: m}
		if err := json.Unmarshal(m, &f); err != nil {
			p.t.Fatalf("frame %q: %v", m, err)
		}
		return f
	case <-p.closed:
		p.t.Fatalf("closed with %d (%s) instead of a message", p.code, p.reason)
	case <-time.After(time.Hour):
		p.t.Fatal("no message came")
	}
	panic("unreachable")
}

// silent fails the test when a message comes within d.
func (p *page) silent(d time.Duration) {
	p.t.Helper()
	select {
	case m := <-p.fromHub:
		p.t.Fatalf("unexpected message %q", m)
	case <-p.closed:
		p.t.Fatalf("closed with %d (%s)", p.code, p.reason)
	case <-time.After(d):
	}
}

// ends waits until the hub has closed the connection, and returns the messages
// before that. It reads them, so a page that stalls must use closes instead.
func (p *page) ends(code int) []frame {
	p.t.Helper()
	var frames []frame
	late := time.After(time.Hour)
	for {
		select {
		case <-p.returned:
			p.closedWith(code)
			return frames
		case m := <-p.fromHub:
			f := frame{raw: m}
			_ = json.Unmarshal(m, &f)
			frames = append(frames, f)
		case <-late:
			p.t.Fatalf("still open after %d more messages, want a close with %d", len(frames), code)
		}
	}
}

// endsWith waits until the hub has closed the connection, with nothing before
// that but one error frame without inner details.
func (p *page) endsWith(code int, word string) {
	p.t.Helper()
	frames := p.ends(code)
	if len(frames) != 1 || frames[0].Op != "error" || frames[0].Code != word || frames[0].Text == "" {
		p.t.Fatalf("before the end with %s came %+v", word, frames)
	}
	if strings.Contains(string(frames[0].raw), errBroken.Error()) {
		p.t.Fatal("the page was told an inner detail")
	}
}

// closes waits until the hub has closed the connection, and reads nothing.
func (p *page) closes(code int) {
	p.t.Helper()
	select {
	case <-p.returned:
		p.closedWith(code)
	case <-time.After(time.Hour):
		p.t.Fatalf("still open, want a close with %d", code)
	}
}

func (p *page) closedWith(code int) {
	p.t.Helper()
	if p.code != code {
		p.t.Fatalf("closed with %d (%s), want %d", p.code, p.reason, code)
	}
}

// subscribe subscribes to a topic and takes the snapshot.
func (p *page) subscribe(topic string) frame {
	p.t.Helper()
	p.send(fmt.Sprintf(`{"op":"subscribe","topic":%q}`, topic))
	f := p.receive()
	if f.Topic != topic || f.Epoch == "" {
		p.t.Fatalf("subscribing brought %s", f.raw)
	}
	return f
}

// resume subscribes where last ended.
func (p *page) resume(last frame) {
	p.send(fmt.Sprintf(`{"op":"subscribe","topic":%q,"epoch":%q,"seq":%d}`, last.Topic, last.Epoch, last.Seq))
}

// after returns where a page is that was where f says and then got next.
func (f frame) after(next frame) frame {
	if next.Epoch == "" {
		next.Epoch = f.Epoch
	}
	return next
}

func (f frame) items() string { return strings.Join(f.Items, " ") }
