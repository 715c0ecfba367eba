package poll

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"offing/agent/internal/transmission"
	"offing/tunnel/state"
)

const (
	benchTorrents = 10_000
	benchActive   = 200
)

// benchDaemon answers torrent-get over HTTP, and costs so little itself that
// what a benchmark counts is the agent's. Each answer's figures differ from the
// one's before.
type benchDaemon struct {
	answers map[string][2][]byte // by request
	turn    int
}

// serve answers on one connection.
func (d *benchDaemon) serve(conn net.Conn) {
	defer conn.Close()
	in := make([]byte, 0, 64<<10)
	for {
		n, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return
		}
		in = in[:len(in)+n]
		head, body, ok := bytes.Cut(in, []byte("\r\n\r\n"))
		if !ok || len(body) < contentLength(head) {
			continue
		}
		d.turn++
		answers, ok := d.answers[string(body)]
		if !ok {
			answers = answersTo(string(body))
			d.answers[string(body)] = answers
		}
		if _, err := conn.Write(answers[d.turn%2]); err != nil {
			return
		}
		in = in[:0]
	}
}

func contentLength(head []byte) int {
	_, rest, _ := bytes.Cut(head, []byte("Content-Length: "))
	n := 0
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

var quoted = regexp.MustCompile(`"([A-Za-z-]+)"`)

// answersTo returns two different answers to the request.
func answersTo(request string) (two [2][]byte) {
	for turn := range two {
		body := `{"result":"success","arguments":{"version":"3.00","rpc-version":16,"download-dir":"/srv"}}`
		if strings.Contains(request, "torrent-get") {
			n := benchTorrents
			if strings.Contains(request, "recently-active") {
				n = benchActive
			}
			_, fields, _ := strings.Cut(request, `"fields":[`)
			fields, _, _ = strings.Cut(fields, "]")
			body = benchTable(quoted.FindAllString(fields, -1), n, turn)
		}
		two[turn] = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	return two
}

func benchTable(fields []string, n, turn int) string {
	var b strings.Builder
	b.WriteString(`{"arguments":{"removed":[],"torrents":[[` + strings.Join(fields, ",") + "]")
	for i := range n {
		for j, f := range fields {
			b.WriteString([]string{",[", ","}[min(j, 1)] + benchCell(strings.Trim(f, `"`), i, turn))
		}
		b.WriteString("]")
	}
	b.WriteString("]},\"result\":\"success\"}\n")
	return b.String()
}

func benchCell(field string, i, turn int) string {
	switch field {
	case "hashString":
		return fmt.Sprintf(`"%040x"`, i+1)
	case "name":
		return fmt.Sprintf(`"Some.Release.Of.A.Linux.Distribution.%d.x86_64"`, i)
	case "errorString":
		return `""`
	case "labels":
		return `["linux"]`
	case "status":
		return "4"
	case "metadataPercentComplete":
		return "1"
	case "rateDownload", "rateUpload", "downloadedEver", "uploadedEver", "leftUntilDone":
		if i < benchActive {
			return fmt.Sprint(1_000_000 + i + turn)
		}
	case "id", "queuePosition":
		return fmt.Sprint(i + 1)
	case "sizeWhenDone", "addedDate":
		return fmt.Sprint(1_700_000_000 + i)
	}
	return "0"
}

// benchPoller returns a Poller that has polled a benchDaemon once.
func benchPoller(b *testing.B) *Poller {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	d := &benchDaemon{answers: make(map[string][2][]byte)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			d.serve(conn)
		}
	}()
	endpoint, err := transmission.ParseEndpoint("http://" + l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	client := transmission.New(transmission.Config{Endpoint: endpoint})
	b.Cleanup(client.Close)
	p := New(Config{
		State: state.New(1), Daemon: client, Host: &fakeHost{},
		Active: 500 * time.Millisecond, Idle: 45 * time.Second, Full: 5 * time.Minute,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if !p.pollOnce(b.Context()) {
		b.Fatal(p.cfg.State.Session())
	}
	return p
}

// BenchmarkFastPoll is the steady state: 200 of 10,000 torrents move.
func BenchmarkFastPoll(b *testing.B) {
	p := benchPoller(b)
	p.nextFull = time.Now().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if !p.pollOnce(b.Context()) {
			b.Fatal(p.cfg.State.Session())
		}
	}
}

// BenchmarkFullPass asks for all of 10,000.
func BenchmarkFullPass(b *testing.B) {
	p := benchPoller(b)
	b.ReportAllocs()
	for b.Loop() {
		p.nextFull = time.Time{}
		if !p.pollOnce(b.Context()) {
			b.Fatal(p.cfg.State.Session())
		}
	}
}
