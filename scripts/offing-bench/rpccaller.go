package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"time"

	"offing/scripts/rig"
)

// listFields are what a list shows: those of a poll by an app.
var listFields = []string{
	"id", "hashString", "name", "status", "error", "errorString", "eta", "isFinished", "leftUntilDone", "sizeWhenDone", "totalSize",
	"percentDone", "rateDownload", "rateUpload", "downloadedEver", "uploadedEver", "uploadRatio", "peersConnected", "peersSendingToUs",
	"peersGettingFromUs", "queuePosition", "addedDate", "doneDate", "downloadDir", "labels", "recheckProgress",
}

// caller asks an RPC endpoint as an app does.
type caller struct {
	http           *http.Client
	url            string
	user, password string

	mu      sync.Mutex
	session string
}

// ask sends a torrent-get, and returns how long the whole answer took and its bytes.
func (c *caller) ask(ctx context.Context, arguments any) (took time.Duration, size int64, err error) {
	body, err := json.Marshal(map[string]any{"method": "torrent-get", "arguments": arguments})
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	for range 2 { // the first may only tell the session
		size, again, err := c.post(ctx, body)
		if err != nil || !again {
			return time.Since(began), size, err
		}
	}
	return 0, 0, errors.New("the endpoint refuses the session that it has given")
}

func (c *caller) post(ctx context.Context, body []byte) (size int64, again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	const header = "X-Transmission-Session-Id"
	c.mu.Lock()
	req.Header.Set(header, c.session)
	c.mu.Unlock()
	res, err := c.http.Do(req)
	if err != nil {
		return 0, false, err
	}
	defer res.Body.Close()
	size, err = io.Copy(io.Discard, res.Body)
	switch res.StatusCode {
	case http.StatusOK:
		return size, false, err
	case http.StatusConflict:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.session = res.Header.Get(header)
		return 0, true, err
	}
	return 0, false, fmt.Errorf("the endpoint answers %s", res.Status)
}

// ids asks for the ids of the first n torrents.
func (c *caller) ids(ctx context.Context, n int) ([]int, error) {
	body, _ := json.Marshal(map[string]any{"method": "torrent-get", "arguments": map[string]any{"fields": []string{"id"}}})
	if _, again, err := c.post(ctx, body); err != nil {
		return nil, err
	} else if again {
		return c.ids(ctx, n)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(c.user, c.password)
	req.Header.Set("X-Transmission-Session-Id", c.session)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var answer struct {
		Arguments struct{ Torrents []struct{ ID int } }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if len(answer.Arguments.Torrents) < n {
		return nil, fmt.Errorf("%d torrents, want %d", len(answer.Arguments.Torrents), n)
	}
	ids := make([]int, n)
	for i := range ids {
		ids[i] = answer.Arguments.Torrents[i].ID
	}
	return ids, nil
}

// newToken signs in to the page and makes an API token that may act.
func newToken(ctx context.Context, s *rig.System) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	page := &http.Client{Jar: jar}
	post := func(path string, body, answer any) error {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"api/v1/"+path, bytes.NewReader(text))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", strings.TrimSuffix(s.URL, "/"))
		res, err := page.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode/100 != 2 {
			return fmt.Errorf("POST %s: %s", path, res.Status)
		}
		if answer == nil {
			return nil
		}
		return json.NewDecoder(res.Body).Decode(answer)
	}
	if err := post("session", map[string]string{"user": s.User, "password": s.Password}, nil); err != nil {
		return "", err
	}
	var answer struct{ Token string }
	err = post("tokens", map[string]any{"name": "bench", "scope": "control"}, &answer)
	return answer.Token, err
}
