package transmission

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"offing/agent/internal/transmissiontest"
	"offing/tunnel/state"
)

// bench is one server of the suite with its two clients: ours, and a bare caller
// of the RPC that makes the changes.
type bench struct {
	*testing.T
	kind
	server
	client *Client

	user, password string // of the bare caller
	sessionID      string
}

func (k kind) bench(t *testing.T) *bench {
	t.Helper()
	srv := k.start(t, "", "")
	return &bench{T: t, kind: k, server: srv, client: client(t, srv.URL())}
}

// raw sends a request and returns the answer's text.
func (b *bench) raw(method string, arguments any) string {
	b.Helper()
	body, err := json.Marshal(map[string]any{"method": method, "arguments": arguments})
	if err != nil {
		b.Fatal(err)
	}
	for range 2 {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, b.URL(), bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set(sessionHeader, b.sessionID)
		if b.user != "" {
			req.SetBasicAuth(b.user, b.password)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			b.Fatal(err)
		}
		if resp.StatusCode != http.StatusConflict {
			return string(text)
		}
		b.sessionID = resp.Header.Get(sessionHeader)
	}
	b.Fatalf("%s: the session id is refused twice", method)
	return ""
}

// call sends a request that must succeed.
func (b *bench) call(method string, arguments map[string]any) map[string]any {
	b.Helper()
	text := b.raw(method, arguments)
	var answer struct {
		Result    string
		Arguments map[string]any
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Result != "success" {
		b.Fatalf("%s %v: %.300s (%v)", method, arguments, text, err)
	}
	return answer.Arguments
}

// torrent is one that the suite made.
type torrent struct {
	name     string
	content  []byte
	metainfo string // base64
}

func newTorrent(name string, tracker ...string) torrent {
	content := bytes.Repeat([]byte(name+"\n"), 40_000/len(name))
	return torrent{name, content, base64.StdEncoding.EncodeToString(transmissiontest.Metainfo(name, content, tracker...))}
}

// add adds a torrent and returns its hash, once the daemon has looked for its
// content.
func (b *bench) add(tor torrent, paused bool) state.Hash {
	b.Helper()
	added, ok := b.call("torrent-add", map[string]any{"metainfo": tor.metainfo, "paused": paused})["torrent-added"].(map[string]any)
	if !ok {
		b.Fatalf("%s was not added", tor.name)
	}
	hash, err := state.ParseHash(added["hashString"].(string))
	if err != nil {
		b.Fatal(err)
	}
	b.eventually(tor.name+" is looked for", func() bool {
		s := b.row(hash).Torrent.Status
		return s != state.Checking && s != state.CheckQueued && (s == state.Stopped) == paused
	})
	return hash
}

// place adds a torrent whose content is there.
func (b *bench) place(name string, paused bool) state.Hash {
	b.Helper()
	tor := newTorrent(name)
	b.Place(tor.name, tor.content)
	hash := b.add(tor, paused)
	b.eventually(name+" is complete", func() bool { return b.row(hash).Torrent.Left == 0 })
	return hash
}

// rows asks our client for all torrents.
func (b *bench) rows() map[state.Hash]Row {
	b.Helper()
	l, err := b.client.Torrents(b.Context(), All)
	if err != nil {
		b.Fatal(err)
	}
	return byHash(l)
}

// row asks our client for one torrent, which must be there.
func (b *bench) row(h state.Hash) Row {
	b.Helper()
	r, ok := b.rows()[h]
	if !ok {
		b.Fatalf("%v is not listed", h)
	}
	return r
}

// ids names a torrent to the bare caller.
func ids(h state.Hash, more ...any) map[string]any {
	m := map[string]any{"ids": []string{h.String()}}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i].(string)] = more[i+1]
	}
	return m
}

// eventually polls until good holds; the daemon tells nobody when it does.
func (b *bench) eventually(what string, good func() bool) {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); !good(); b.Pause() {
		if time.Now().After(deadline) {
			b.Fatalf("not within a minute: %s", what)
		}
	}
}
