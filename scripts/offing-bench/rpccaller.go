package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// listFields are what a list shows: those of a poll by an app.
var listFields = []string{
	"id", "hashString", "name", "status", "error", "errorString", "eta", "isFinished", "leftUntilDone", "sizeWhenDone", "totalSize",
	"percentDone", "rateDownload", "rateUpload", "downloadedEver", "uploadedEver", "uploadRatio", "peersConnected", "peersSendingToUs",
	"peersGettingFromUs", "queuePosition", "addedDate", "doneDate", "downloadDir", "labels", "recheckProgress",
}

// caller asks an RPC endpoint as an app does.
type caller struct {
	http           *http.Client // which itself asks for nothing that is packed
	url            string
	user, password string

	mu      sync.Mutex
	session string
}

// torrentGet is what a torrent-get asks for.
type torrentGet struct {
	Fields []string `json:"fields"`
	Format string   `json:"format,omitempty"` // objects when empty
	IDs    any      `json:"ids,omitempty"`    // all when nil

	Gzip bool `json:"-"` // the answer may be packed; it is not unpacked
}

// ask sends a torrent-get, writes the answer to w, and returns how long all of it took.
func (c *caller) ask(ctx context.Context, g torrentGet, w io.Writer) (took time.Duration, err error) {
	body, err := json.Marshal(map[string]any{"method": "torrent-get", "arguments": g})
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for range 2 { // the first may only tell the session
		again, err := c.post(ctx, body, g.Gzip, w)
		if err != nil || !again {
			return time.Since(began), err
		}
	}
	return 0, errors.New("the endpoint refuses the session that it has given")
}

// post sends one request; again says that it has only told the session.
func (c *caller) post(ctx context.Context, body []byte, gzip bool, w io.Writer) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	if gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	const header = "X-Transmission-Session-Id"
	c.mu.Lock()
	req.Header.Set(header, c.session)
	c.mu.Unlock()
	res, err := c.http.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		_, err := io.Copy(w, res.Body)
		return false, err
	case http.StatusConflict:
		_, err := io.Copy(io.Discard, res.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.session = res.Header.Get(header)
		return true, err
	}
	return false, fmt.Errorf("the endpoint answers %s", res.Status)
}

// ids asks for the ids of the first n torrents.
func (c *caller) ids(ctx context.Context, n int) ([]int, error) {
	var text bytes.Buffer
	if _, err := c.ask(ctx, torrentGet{Fields: []string{"id"}}, &text); err != nil {
		return nil, err
	}
	var answer struct {
		Arguments struct{ Torrents []struct{ ID int } }
	}
	if err := json.Unmarshal(text.Bytes(), &answer); err != nil {
		return nil, err
	}
	all := answer.Arguments.Torrents
	if len(all) < n {
		return nil, fmt.Errorf("%d torrents, want %d", len(all), n)
	}
	ids := make([]int, n)
	for i := range ids {
		ids[i] = all[i].ID
	}
	return ids, nil
}
