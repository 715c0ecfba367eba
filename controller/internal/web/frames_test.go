package web

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"offing/controller/internal/hub"
)

// bare is a socket without a library at this end.
type bare struct {
	net.Conn
	r *bufio.Reader
}

// handshake opens a socket, and sends early in the same write as the request.
func (f *fixture) handshake(t *testing.T, early string) *bare {
	t.Helper()
	host := strings.TrimPrefix(f.URL(), "http://")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	b := &bare{conn, bufio.NewReader(conn)}
	b.send(t, "GET /api/v1/ws HTTP/1.1\r\nHost: "+host+"\r\nOrigin: "+f.URL()+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"+early)
	answer, err := http.ReadResponse(b.r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols || answer.Header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("handshake: %v, %v", answer, err)
	}
	return b
}

func (b *bare) send(t *testing.T, raw string) {
	t.Helper()
	if _, err := io.WriteString(b, raw); err != nil {
		t.Fatal(err)
	}
}

// frame reads the next frame: its first byte and its payload.
func (b *bare) frame(t *testing.T) (first byte, payload string) {
	t.Helper()
	f, err := ws.ReadFrame(b.r)
	if err != nil {
		t.Fatalf("no further frame: %v", err)
	}
	if f.Header.Masked {
		t.Fatal("the server masks")
	}
	return byte(f.Header.OpCode) | f.Header.Rsv<<4 | 0x80, string(f.Payload)
}

// expect reads a frame that must have this first byte, and begin with want.
func (b *bare) expect(t *testing.T, first byte, want string) {
	t.Helper()
	if got, payload := b.frame(t); got != first || !strings.HasPrefix(payload, want) {
		t.Fatalf("got %#x %.80q, want %#x %.80q", got, payload, first, want)
	}
}

// masked returns a frame with a short, a longer or a long length, as is needed.
func masked(first byte, payload string) string {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	data := []byte(payload)
	ws.Cipher(data, mask, 0)
	return string(append(append(b, mask[:]...), data...))
}

// First bytes of frames.
const (
	more  = 0x00 // a continuation that is not the last
	last  = 0x80 // a continuation that is
	begin = 0x01 // text that goes on
	whole = 0x81 // text in one frame
	binny = 0x82
	bye   = 0x88
	ping  = 0x89
	pong  = 0x8a
)

// ask subscribes to a topic that there is not; goneOf is what comes of it.
func ask(topic string) string    { return `{"op":"subscribe","topic":"` + topic + `"}` }
func goneOf(topic string) string { return `{"t":"` + topic + `","gone":true}` }

// padded returns an ask of n bytes.
func padded(n int) string { return ask(strings.Repeat("x", n-len(ask("")))) }

func code(n uint16, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, n)) + reason
}

// frameCase is what a page sends, and what comes back: frames, of which those of
// the errors that go before a close are left out.
type frameCase struct {
	name string
	send []string // each in a write of its own
	back []string // first byte and payload
}

func back(first byte, payload string) string { return string(first) + payload }

// closes is the answer with this code.
func closes(code int) string { return back(bye, fmt.Sprintf("code %d", code)) }

// frameCases follow the Autobahn test suite's groups 1 to 7.
func frameCases() []frameCase {
	all := []frameCase{
		// 1: framing.
		{"1 empty text", []string{masked(whole, "")}, []string{closes(4400)}},
		{"1 too long", []string{masked(whole, padded(1025))}, []string{closes(1009)}},
		{"1 65535 bytes", []string{masked(whole, padded(65535))}, []string{closes(1009)}},
		{"1 65536 bytes", []string{masked(whole, padded(65536))}, []string{closes(1009)}},
		{"1 huge length", []string{"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"}, []string{closes(1009)}},
		{"1 negative length", []string{"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"}, []string{closes(1002)}},
		{"1 binary", []string{masked(binny, "x")}, []string{closes(1003)}},
		{"1 empty binary", []string{masked(binny, "")}, []string{closes(1003)}},
		{"1 not masked", []string{"\x81\x01x"}, []string{closes(1002)}},
		{"1 no frame at all", []string{"GET / HTTP/1.1\r\n\r\n"}, []string{closes(1002)}},
		{"1 octet by octet", chop(masked(whole, padded(200))), []string{back(whole, goneOf(strings.Repeat("x", 200-len(ask("")))))}},
		{"1 two in a write", []string{masked(whole, ask("a")) + masked(whole, ask("b"))}, []string{back(whole, goneOf("a")), back(whole, goneOf("b"))}},
		// 2: pings.
		{"2 empty ping", []string{masked(ping, "")}, []string{back(pong, "")}},
		{"2 ping", []string{masked(ping, "Hello")}, []string{back(pong, "Hello")}},
		{"2 binary ping", []string{masked(ping, "\x00\xff\xfe\xfd\x00")}, []string{back(pong, "\x00\xff\xfe\xfd\x00")}},
		{"2 longest ping", []string{masked(ping, strings.Repeat("\xfe", 125))}, []string{back(pong, strings.Repeat("\xfe", 125))}},
		{"2 too long a ping", []string{masked(ping, strings.Repeat("\xfe", 126))}, []string{closes(1002)}},
		{"2 ping octet by octet", chop(masked(ping, "Hello")), []string{back(pong, "Hello")}},
		{"2 pong that nobody asked for", []string{masked(pong, "x") + masked(ping, "after")}, []string{back(pong, "after")}},
		{"2 too long a pong", []string{masked(pong, strings.Repeat("x", 126))}, []string{closes(1002)}},
		// 5: fragments.
		{"5 fragmented ping", []string{masked(ping&^0x80, "a")}, []string{closes(1002)}},
		{"5 fragmented pong", []string{masked(pong&^0x80, "a")}, []string{closes(1002)}},
		{"5 fragmented close", []string{masked(bye&^0x80, "")}, []string{closes(1002)}},
		{"5 two fragments", fragments(ask("x"), 5), []string{back(whole, goneOf("x"))}},
		{"5 a fragment each octet", fragments(ask("x"), 1), []string{back(whole, goneOf("x"))}},
		{"5 empty fragments", []string{masked(begin, ""), masked(more, ask("x")), masked(more, ""), masked(last, "")}, []string{back(whole, goneOf("x"))}},
		{"5 a ping between", []string{masked(begin, ask("x")[:9]), masked(ping, "p"), masked(last, ask("x")[9:])}, []string{back(pong, "p"), back(whole, goneOf("x"))}},
		{"5 continuation of nothing", []string{masked(last, ask("x"))}, []string{closes(1002)}},
		{"5 begun continuation of nothing", []string{masked(more, ask("x"))}, []string{closes(1002)}},
		{"5 text within text", []string{masked(begin, ask("x")[:9]), masked(whole, ask("y"))}, []string{closes(1002)}},
		{"5 text begun within text", []string{masked(begin, ask("x")[:9]), masked(begin, ask("y"))}, []string{closes(1002)}},
		{"5 binary within text", []string{masked(begin, ask("x")[:9]), masked(binny, ask("y"))}, []string{closes(1002)}},
		{"5 continuation after the last", append(fragments(`{"op":"unsubscribe","topic":"x"}`, 5), masked(last, "y")), []string{closes(1002)}},
		{"5 too long in fragments", fragments(padded(1025), 100), []string{closes(1009)}},
		{"5 endless fragments", []string{masked(begin, "") + strings.Repeat(masked(more, ""), maxFragments)}, []string{closes(1009)}},
		// 6: UTF-8.
		{"6 many scripts", []string{masked(whole, ask("Hello-µ@ßöäüàá-UTF-8!! κόσμε 名前 𐍈"))}, []string{back(whole, goneOf("Hello-µ@ßöäüàá-UTF-8!! κόσμε 名前 𐍈"))}},
		{"6 fragments within runes", fragments(ask("κόσμε名前𐍈"), 1), []string{back(whole, goneOf("κόσμε名前𐍈"))}},
		{"6 lonely continuation", []string{masked(whole, ask("\x80"))}, []string{closes(1007)}},
		{"6 overlong", []string{masked(whole, ask("\xc0\xaf"))}, []string{closes(1007)}},
		{"6 surrogate", []string{masked(whole, ask("\xed\xa0\x80"))}, []string{closes(1007)}},
		{"6 beyond the last", []string{masked(whole, ask("\xf4\x90\x80\x80"))}, []string{closes(1007)}},
		{"6 five bytes", []string{masked(whole, ask("\xf8\x88\x80\x80\x80"))}, []string{closes(1007)}},
		{"6 cut short", []string{masked(whole, "\xce\xba\xcf")}, []string{closes(1007)}},
		{"6 wrong already, more to come", []string{masked(begin, "\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")}, []string{closes(1007)}},
		{"6 wrong in the second", []string{masked(begin, "\xce\xba\xe1\xbd\xb9\xcf"), masked(more, "\xff")}, []string{closes(1007)}},
		// 7: closing.
		{"7 close", []string{masked(bye, "")}, []string{back(bye, "")}},
		{"7 two closes", []string{masked(bye, "") + masked(bye, "")}, []string{back(bye, "")}},
		{"7 ping after close", []string{masked(bye, "") + masked(ping, "late")}, []string{back(bye, "")}},
		{"7 text after close", []string{masked(bye, code(1000, "")) + masked(whole, ask("late"))}, []string{closes(1000)}},
		{"7 close within text", []string{masked(begin, ask("x")[:9]), masked(bye, code(1000, ""))}, []string{closes(1000)}},
		{"7 half a code", []string{masked(bye, "\x03")}, []string{closes(1002)}},
		{"7 longest reason", []string{masked(bye, code(1000, strings.Repeat("x", 123)))}, []string{closes(1000)}},
		{"7 too long a reason", []string{masked(bye, code(1000, strings.Repeat("x", 124)))}, []string{closes(1002)}},
		{"7 reason not UTF-8", []string{masked(bye, code(1000, "\xce\xba\xed\xa0\x80"))}, []string{closes(1007)}},
	}
	for _, n := range []int{125, 126, 127, 128, 1024} {
		all = append(all, frameCase{fmt.Sprintf("1 %d bytes", n), []string{masked(whole, padded(n))}, []string{back(whole, goneOf(strings.Repeat("x", n-len(ask("")))))}})
	}
	for rsv := byte(1); rsv < 8; rsv++ { // 3: reserved bits.
		for _, first := range []byte{whole, ping, bye} {
			all = append(all, frameCase{fmt.Sprintf("3 bits %d of %#x", rsv, first), []string{masked(first|rsv<<4, "")}, []string{closes(1002)}})
		}
	}
	for _, op := range []byte{3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf} { // 4: reserved opcodes.
		all = append(all, frameCase{fmt.Sprintf("4 opcode %d", op), []string{masked(0x80|op, "")}, []string{closes(1002)}})
	}
	for _, n := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		all = append(all, frameCase{fmt.Sprintf("7 code %d", n), []string{masked(bye, code(n, "bye"))}, []string{closes(int(n))}})
	}
	for _, n := range []uint16{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		all = append(all, frameCase{fmt.Sprintf("7 no code %d", n), []string{masked(bye, code(n, ""))}, []string{closes(1002)}})
	}
	return all
}

// chop returns each byte by itself.
func chop(s string) []string {
	var parts []string
	for i := range len(s) {
		parts = append(parts, s[i:i+1])
	}
	return parts
}

// fragments returns text in fragments of n bytes.
func fragments(text string, n int) []string {
	parts := []string{masked(begin, text[:n])}
	for text = text[n:]; len(text) > n; text = text[n:] {
		parts = append(parts, masked(more, text[:n]))
	}
	return append(parts, masked(last, text))
}

func TestFrames(t *testing.T) {
	f := run(t)
	session := f.setup(t)
	for _, c := range frameCases() {
		t.Run(c.name, func(t *testing.T) {
			b := f.handshake(t, masked(whole, `{"op":"open","ticket":"`+f.ticket(t, session)+`"}`))
			b.expect(t, whole, `{"op":"opened"`)
			for _, raw := range c.send {
				b.send(t, raw)
			}
			ended := false
			for _, want := range c.back {
				got := b.answer(t)
				ended = ended || got[0] == bye
				if got != want {
					t.Fatalf("got %.80q, want %.80q", got, want)
				}
			}
			if !ended {
				return
			}
			// Nothing follows a close frame, and the server ends the connection.
			if rest, err := io.ReadAll(b.r); err != nil || len(rest) > 0 {
				t.Errorf("after the close frame came %q, %v", rest, err)
			}
		})
	}
}

// answer returns the next frame, its first byte before its payload, but no error
// that goes before a close; of a close frame with a code only that.
func (b *bare) answer(t *testing.T) string {
	t.Helper()
	first, payload := b.frame(t)
	if first == whole && strings.HasPrefix(payload, `{"op":"error"`) {
		first, payload = b.frame(t)
	}
	if first == bye && len(payload) >= 2 {
		return closes(int(binary.BigEndian.Uint16([]byte(payload))))
	}
	return back(first, payload)
}

// Frames are refused before the ticket, too.
func TestFramesOfStrangers(t *testing.T) {
	f := run(t)
	for what, c := range map[string]struct {
		send string
		code int
	}{
		"binary":       {masked(binny, "x"), 1003},
		"not masked":   {"\x81\x01x", 1002},
		"reserved bit": {masked(0xc1, "x"), 1002},
		"too long":     {masked(whole, padded(1025)), 1009},
		"not UTF-8":    {masked(whole, "\xff"), 1007},
		"no ticket":    {masked(whole, ask("x")), 4400},
	} {
		t.Run(what, func(t *testing.T) {
			b := f.handshake(t, masked(ping, "first"))
			if got := b.answer(t); got != back(pong, "first") {
				t.Fatalf("a ping brought %q", got)
			}
			b.send(t, c.send)
			if got := b.answer(t); got != closes(c.code) {
				t.Fatalf("got %q, want %d", got, c.code)
			}
		})
	}
}

// FuzzFrames: whatever comes, the reader does not fail, keeps little, and takes
// nothing but text in UTF-8.
func FuzzFrames(f *testing.F) {
	seeds := 0
	for _, c := range frameCases() {
		f.Add([]byte(strings.Join(c.send, "")))
		seeds++
	}
	if seeds < 100 {
		f.Fatalf("only %d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := newFrameReader(bytes.NewReader(raw))
		for {
			m, err := r.next()
			if len(r.message) > hub.MaxMessage || len(m.Data) > hub.MaxMessage || cap(r.message) > 4*hub.MaxMessage {
				t.Fatalf("it keeps %d bytes, and returned %d", len(r.message), len(m.Data))
			}
			if err != nil {
				var frame *hub.FrameError
				if errors.As(err, &frame) && !frame.Page && frame.Code < 1002 {
					t.Fatalf("closes with %d", frame.Code)
				}
				return
			}
			if m.Kind == hub.Text && !strings.EqualFold(string(m.Data), strings.ToValidUTF8(string(m.Data), "")) {
				t.Fatalf("%q is no text", m.Data)
			}
		}
	})
}
