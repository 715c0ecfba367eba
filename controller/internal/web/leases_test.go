package web

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"offing/controller/internal/account"
)

// One person has so many large bodies held at once, and others have room beside them.
func TestLeases(t *testing.T) {
	l, now := newLeases(), time.Unix(1_800_000_000, 0)
	var heads [maxUploads + 2]fasthttp.RequestHeader
	take := func(i int, u account.User) bool { return l.take(&heads[i], u, now) }
	for i := range maxUploadsOne {
		if !take(i, "anna") {
			t.Fatalf("the %dth is refused", i)
		}
	}
	if take(maxUploadsOne, "anna") {
		t.Error("one too many of one person")
	}
	if !take(0, "anna") || take(maxUploadsOne, "anna") {
		t.Error("a request that follows another on its connection counts twice, or the one before still")
	}
	for i := maxUploadsOne; i < maxUploads; i++ {
		if !take(i, account.User(fmt.Sprint(i))) {
			t.Fatalf("the %dth of another is refused", i)
		}
	}
	if take(maxUploads, "ben") {
		t.Error("one too many of all")
	}
	if !l.give(&heads[maxUploads]) || l.give(&heads[0]) {
		t.Error("who was refused, and who was not, are mistaken for each other")
	}
	if !take(maxUploads, "ben") {
		t.Error("there is no room though one was answered")
	}
	now = now.Add(uploadTimeout + uploadWork)
	if !take(0, "anna") {
		t.Error("what was never answered keeps its room")
	}
}

// At the door: bodies that do not come keep a person from more of them, until they are
// answered or their connections close.
func TestUploadsAreBounded(t *testing.T) {
	f := run(t)
	token := f.token(t, f.setup(t), "control")
	host := strings.TrimPrefix(f.URL(), "http://")
	begin := func() (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		// The server says that it waits for the body.
		_, _ = fmt.Fprintf(conn, "POST /api/v1/torrents HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
			host, token, maxBody+1)
		return conn, bufio.NewReader(conn)
	}
	status := func(r *bufio.Reader) string {
		line, _ := r.ReadString('\n')
		return strings.TrimSpace(line)
	}
	var held []net.Conn
	var readers []*bufio.Reader
	for i := range maxUploadsOne {
		conn, r := begin()
		defer func() { _ = conn.Close() }()
		if got := status(r); !strings.Contains(got, "100") {
			t.Fatalf("the %dth: %s", i, got)
		}
		_, _ = r.ReadString('\n')
		held, readers = append(held, conn), append(readers, r)
	}
	conn, r := begin()
	if got := status(r); !strings.Contains(got, "100") { // which is said before its length is looked at
		t.Errorf("one more: %s", got)
	}
	_, _ = r.ReadString('\n')
	a, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var told problem
	if err := json.NewDecoder(a.Body).Decode(&told); err != nil || a.StatusCode != http.StatusServiceUnavailable || told.Code != "too-many-uploads" || a.Header.Get("Retry-After") != "5" {
		t.Errorf("one more: %+v, %+v, %v", a, told, err)
	}
	_ = conn.Close()
	_, _ = io.WriteString(held[0], strings.Repeat(" ", maxBody+1))
	if a, err := http.ReadResponse(readers[0], nil); err != nil || a.StatusCode != http.StatusBadRequest {
		t.Fatalf("%+v, %v", a, err)
	}
	conn, r = begin()
	defer func() { _ = conn.Close() }()
	if got := status(r); !strings.Contains(got, "100") {
		t.Errorf("after one was answered: %s", got)
	}
	_, _ = r.ReadString('\n')
	_, _ = io.WriteString(conn, strings.Repeat(" ", maxBody+1))
	if a, err := http.ReadResponse(r, nil); err != nil || a.StatusCode != http.StatusBadRequest {
		t.Errorf("after one was answered: %+v, %v", a, err)
	}
}

// A list of many short things is refused before it is spread out in memory.
func TestManyCommas(t *testing.T) {
	var v []int
	if err := decode("application/json", []byte("["+strings.Repeat("0,", maxCommas+1)+"0]"), &v); err != errBadRequest { //nolint:errorlint // the very one
		t.Error(err)
	}
	if err := decode("application/json", []byte("["+strings.Repeat("0,", maxCommas)+"0]"), &v); err != nil {
		t.Error(err)
	}
}
