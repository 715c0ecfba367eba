package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"offing/controller/internal/account"
	"offing/controller/internal/rpc"
)

// standInRPC answers everything at length, and remembers what it was asked.
type standInRPC struct{ asked []rpc.Request }

func (s *standInRPC) Serve(_ context.Context, r rpc.Request) rpc.Response {
	r.Body = bytes.Clone(r.Body)
	s.asked = append(s.asked, r)
	return rpc.Response{Status: 200, Header: [][2]string{{"Content-Type", "application/json"}}, Body: []byte(strings.Repeat("x", 3*gzipFrom))}
}

// Apps find the endpoint where they look for it; pages of any site do not.
func TestRPCDoor(t *testing.T) {
	var s standInRPC
	f := run(t, func(_ *fixture, c *Config) { c.RPC, c.PublicURL = &s, "https://home.example.org/seed" })
	for path, box := range map[string]string{
		"/transmission/rpc": "", "/transmission/rpc/": "", "/boxes/attic/transmission/rpc": "attic", "/boxes/a%2fb/transmission/rpc/": "a/b",
		"/seed/transmission/rpc": "", "/transmission//rpc/": "", "/boxes/attic/transmission//rpc/": "attic", "/seed/boxes/attic/transmission/rpc": "attic",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			s.asked = nil
			a := f.do(t, call{method: method, path: path, authorization: "Basic eDp5"})
			if a.StatusCode != 200 || len(s.asked) != 1 || s.asked[0].Box != box || s.asked[0].Authorization != "Basic eDp5" || s.asked[0].Method != method {
				t.Errorf("%s %s: %d %+v", method, path, a.StatusCode, s.asked)
			}
		}
	}
	s.asked = nil
	for name, c := range map[string]call{
		"a session":        {cookie: "anything"},
		"another's page":   {origin: "https://evil.example"},
		"no origin at all": {origin: "null"},
		"another's form":   {site: "cross-site"},
		"a sister's form":  {site: "same-site"},
		"another's name":   {host: "evil.example"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			c.method, c.path, c.authorization = method, "/transmission/rpc", "Basic eDp5"
			if a := f.do(t, c); a.StatusCode != 403 && a.StatusCode != 421 || len(s.asked) != 0 {
				t.Errorf("%s %s: %d", name, method, a.StatusCode)
			}
		}
	}
}

// An answer is packed for who can unpack it.
func TestRPCPacks(t *testing.T) {
	f := run(t, func(_ *fixture, c *Config) { c.RPC = &standInRPC{} })
	for accept, packed := range map[string]bool{"": false, "gzip": true, "deflate, gzip": true, "br": false} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL()+"/transmission/rpc", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", accept)
		a, err := (&http.Client{Transport: &http.Transport{DisableCompression: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body := io.Reader(a.Body)
		if got := a.Header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed %v", accept, got)
		} else if got {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		if text, err := io.ReadAll(body); err != nil || len(text) != 3*gzipFrom {
			t.Errorf("%q: %v, %d bytes", accept, err, len(text))
		}
		_ = a.Body.Close()
	}
}

// A .torrent file comes in, from who may add one and nobody else.
func TestRPCTakesFiles(t *testing.T) {
	var s standInRPC
	f := run(t, func(_ *fixture, c *Config) { c.RPC = &s })
	f.setup(t)
	token, err := f.Accounts.NewToken(t.Context(), account.Principal{User: "ada", Role: account.RoleAdmin}, "app", account.ScopeControl, 0)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("x", 4*maxBody)
	for password, status := range map[string]int{string(token): 200, "wrong": 413} {
		login := "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:"+password))
		for _, path := range rpcPaths {
			s.asked = nil
			a := f.do(t, call{method: http.MethodPost, path: path, authorization: login, body: body})
			if arrived := len(s.asked) == 1 && len(s.asked[0].Body) == len(body); a.StatusCode != status || arrived != (status == 200) {
				t.Errorf("%s: %d, want %d; %d requests arrived", path, a.StatusCode, status, len(s.asked))
			}
		}
	}
}

// A body that says it is packed is taken as it came: a few bytes of it could be many.
func TestRPCDoesNotUnpack(t *testing.T) {
	var s standInRPC
	f := run(t, func(_ *fixture, c *Config) { c.RPC = &s })
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(make([]byte, 1<<20))
	_ = w.Close()
	sent := packed.String()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.URL()+"/transmission/rpc", &packed)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Encoding", "gzip")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Body.Close()
	if len(s.asked) != 1 || string(s.asked[0].Body) != sent {
		t.Errorf("%d requests", len(s.asked))
	}
}
