package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

func TestControl(t *testing.T) {
	hash, id := state.Hash{0xab}, command.ID{0xcd}
	yes, wait := true, client.Seconds(1500*time.Millisecond)
	type call = func(context.Context, *client.Client) error
	for want, call := range map[string]call{
		"GET commands": func(ctx context.Context, c *client.Client) error { _, err := c.Commands(ctx); return err },
		"GET commands/" + id.String(): func(ctx context.Context, c *client.Client) error {
			_, err := c.Command(ctx, id, 0)
			return err
		},
		"GET commands/" + id.String() + "?wait=2": func(ctx context.Context, c *client.Client) error {
			_, err := c.Command(ctx, id, 1200*time.Millisecond)
			return err
		},
		"DELETE commands/" + id.String(): func(ctx context.Context, c *client.Client) error { return c.Cancel(ctx, id) },
		`POST commands {"do":"remove","torrents":[{"box":"a b","hash":"` + hash.String() + `"}],"remove":{"data":true},"wait":2,"life":60}`: func(ctx context.Context, c *client.Client) error {
			_, err := c.Do(ctx, client.DoRequest{
				Do: command.Remove, Torrents: []client.Torrent{{Box: "a b", Hash: hash}},
				Remove: &command.Removal{Data: true}, Wait: wait, Life: client.Seconds(time.Minute),
			})
			return err
		},
		`POST torrents {"box":"b","metainfo":"ZDE=","paused":true,"for":"anna"}`: func(ctx context.Context, c *client.Client) error {
			_, err := c.Add(ctx, client.AddRequest{Box: "b", Metainfo: []byte("d1"), Paused: true, For: "anna"})
			return err
		},
		"GET torrents": func(ctx context.Context, c *client.Client) error {
			_, _, err := c.Torrents(ctx, client.Filter{})
			return err
		},
		"GET torrents?box=b&label=a%26b&limit=5&offset=10&sort=-added&state=active&text=x+y": func(ctx context.Context, c *client.Client) error {
			_, _, err := c.Torrents(ctx, client.Filter{Box: "b", State: "active", Label: "a&b", Text: "x y", Sort: "-added", Limit: 5, Offset: 10})
			return err
		},
		"GET torrents/a%2F..%3F/" + hash.String(): func(ctx context.Context, c *client.Client) error {
			_, err := c.Torrent(ctx, "a/..?", hash)
			return err
		},
		"GET boxes":                func(ctx context.Context, c *client.Client) error { _, err := c.Boxes(ctx); return err },
		"GET boxes/a%2Fb/settings": func(ctx context.Context, c *client.Client) error { _, err := c.Settings(ctx, "a/b"); return err },
		`PATCH boxes/b/settings?wait=3 {"alt_speed":true}`: func(ctx context.Context, c *client.Client) error {
			_, err := c.Configure(ctx, "b", command.NewSettings{AltSpeed: &yes}, 3*time.Second)
			return err
		},
		"POST boxes/b/test-port": func(ctx context.Context, c *client.Client) error { _, err := c.TestPort(ctx, "b"); return err },
		"POST boxes/b/blocklist": func(ctx context.Context, c *client.Client) error {
			_, err := c.Blocklist(ctx, "b", 0)
			return err
		},
		"GET boxes/b/free-space?dir=a%2Fb": func(ctx context.Context, c *client.Client) error {
			_, err := c.FreeSpace(ctx, "b", "a/b")
			return err
		},
	} {
		var requests []string
		c := client.New(onSocket(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			requests = append(requests, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.RequestURI, "/api/v1/")+" "+string(body)))
			_, _ = io.WriteString(w, `{"commands":[{}]}`)
		})))
		if err := call(t.Context(), c); err != nil || !slices.Equal(requests, []string{want}) {
			t.Errorf("asked %q, %v; want %q", requests, err, want)
		}
		c.Close()
	}
}

func TestOrder(t *testing.T) {
	const answer = `{"id":"cd000000000000000000000000000000","box":"b","user":"anna","do":"start","torrents":["ab00000000000000000000000000000000000000"],
		"state":"failed","done":2,"of":2,"created":"2026-01-02T03:04:05Z","expires":"2026-01-03T03:04:05Z","ended":"2026-01-02T03:04:06Z",
		"result":{"id":"cd000000000000000000000000000000","fault":{"code":"disk-full","text":"Make room."}}}`
	c := client.New(onSocket(t, answering(new([]seen), 200, answer)))
	defer c.Close()
	o, err := c.Command(t.Context(), command.ID{0xcd}, 0)
	if err != nil || o.ID != (command.ID{0xcd}) || o.User != "anna" || o.Do != command.Start || !o.HasEnded() || o.Ended.Second() != 6 ||
		len(o.Torrents) != 1 || o.Result == nil || o.Result.Fault.Code != command.DiskFull {
		t.Errorf("%+v, %v", o, err)
	}
	for _, state := range []string{client.Waiting, client.Sent} {
		if (&client.Order{State: state}).HasEnded() {
			t.Errorf("%s is an end", state)
		}
	}
	if _, err := c.Add(t.Context(), client.AddRequest{}); err == nil {
		t.Error("an answer without an order is taken for one")
	}
}

// TestToken: a token goes with each request, and nothing that only a browser has.
func TestToken(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		http.SetCookie(w, &http.Cookie{Name: "offing_session", Value: "one", Path: "/"})
		_, _ = io.WriteString(w, `{}`)
	}))
	defer server.Close()
	c, err := client.NewToken(server.URL, "secret")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		if _, err := c.Do(t.Context(), client.DoRequest{Do: command.Start}); err != nil {
			t.Fatal(err)
		}
		if got.Get("Authorization") != "Bearer secret" || got.Get("Cookie") != "" || got.Get("Origin") != "" {
			t.Errorf("headers: %v", got)
		}
	}
	for _, bad := range []string{"", "a b", "a\r\nX: y", "ä"} {
		if _, err := client.NewToken(server.URL, bad); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("the token %q: %v", bad, err)
		}
	}
	if _, err := client.NewToken("127.0.0.1", "secret"); err == nil {
		t.Error("an address of nothing was accepted")
	}
}

// TestPatience: a request that waits at the controller's gets that much more time.
func TestPatience(t *testing.T) {
	for wait, patience := range map[time.Duration]time.Duration{0: 30 * time.Second, 20 * time.Second: 50 * time.Second, time.Hour: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			c, err := client.NewToken("http://offing.example", "x")
			if err != nil {
				t.Fatal(err)
			}
			client.Transport(c, silent{})
			begun := time.Now()
			_, err = c.Command(t.Context(), command.ID{}, wait)
			if got := time.Since(begun); err == nil || got != patience {
				t.Errorf("asked to wait %v it gave up after %v: %v", wait, got, err)
			}
		})
	}
}

// silent never answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestNamesOfSettings: what is read and what is written of a daemon have the same
// names.
func TestNamesOfSettings(t *testing.T) {
	names := func(v any) (all []string) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		for name := range m {
			all = append(all, name)
		}
		slices.Sort(all)
		return all
	}
	var readable, writable []string
	readable = slices.DeleteFunc(names(client.Settings{}), func(s string) bool { return s == "blocklist_size" })
	writable = names(client.Filled[command.NewSettings]())
	if !slices.Equal(readable, writable) {
		t.Errorf("read: %v\nwritten: %v", readable, writable)
	}
	options := names(client.Options{})
	for _, name := range names(client.Filled[command.Changes]()) {
		options = slices.DeleteFunc(options, func(s string) bool { return s == name })
	}
	if len(options) != 0 {
		t.Errorf("options that cannot be changed by the name that they have: %v", options)
	}
}
