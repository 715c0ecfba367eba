package rpc

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/hekmon/transmissionrpc/v3"

	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
)

// A Go library that others wrote reads all that there is, and acts.
func TestTransmissionRPCLibrary(t *testing.T) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1), sample(2))
	h.put("attic", "ben", sample(3))
	h.details[owners.Key{Box: "attic", Hash: hashOf(1)}] = detailOf(1)
	h.details[owners.Key{Box: "attic", Hash: hashOf(2)}] = detailOf(2)
	h.answer = func(r control.Request) control.Order {
		o := control.Order{State: control.Done, Box: "attic"}
		if r.Command.Kind == command.Add {
			o.Result.Added = &command.Added{Hash: hashOf(8), Name: "new", Duplicate: r.Command.Add.Paused}
		}
		return o
	}
	at, err := url.Parse(h.serve(t).URL + "/transmission/rpc")
	if err != nil {
		t.Fatal(err)
	}
	at.User = url.UserPassword("anna", "anna-token")
	c, err := transmissionrpc.New(at, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ok, version, minimum, err := c.RPCVersion(t.Context()); err != nil || !ok || version != 17 || minimum != 14 {
		t.Errorf("version %v %d %d %v", ok, version, minimum, err)
	}
	all, err := c.TorrentGetAll(t.Context())
	if err != nil || len(all) != 2 || *all[0].Name != "Linux 1" || len(all[1].Files) != 3 || *all[0].UploadRatio != 0.2 || len(all[0].TrackerStats) != 1 {
		t.Fatalf("all: %v %+v", err, all)
	}
	if _, err := c.SessionArgumentsGetAll(t.Context()); err != nil {
		t.Errorf("session: %v", err)
	}
	if s, err := c.SessionStats(t.Context()); err != nil || s.TorrentCount != 2 || s.CumulativeStats.UploadedBytes != 300_000 {
		t.Errorf("stats: %v %+v", err, s)
	}
	if free, total, err := c.FreeSpace(t.Context(), "/srv/torrents/anna"); err != nil || free.Byte() != 4000 || total.Byte() != 9000 {
		t.Errorf("space: %v %v %v", free, total, err)
	}
	limit := int64(70)
	if err := c.TorrentSet(t.Context(), transmissionrpc.TorrentSetPayload{IDs: []int64{1}, UploadLimit: &limit, Labels: []string{"x"}}); err != nil {
		t.Errorf("set: %v", err)
	}
	if got := h.lastDone(); got != `{"do":"change","change":{"labels":["x"],"up_limit":70000}}` {
		t.Errorf("set did %s", got)
	}
	if err := c.TorrentStopHashes(t.Context(), []string{*all[0].HashString}); err != nil || h.lastDone() != `{"do":"stop"}` {
		t.Errorf("stop: %v %s", err, h.lastDone())
	}
	magnet, paused := "magnet:?xt=urn:btih:0123456789012345678901234567890123456789", true
	for _, p := range []*bool{nil, &paused} {
		if added, err := c.TorrentAdd(t.Context(), transmissionrpc.TorrentAddPayload{Filename: &magnet, Paused: p}); err != nil || *added.Name != "new" || *added.ID != 3 {
			t.Errorf("add: %v %+v", err, added)
		}
	}
}

// sonarr makes the calls of Sonarr's TransmissionProxy: it asks for the session id with
// a GET that must say 409, and takes anything but "success" for a failure.
type sonarr struct {
	t       *testing.T
	url     string
	session string
}

func (s *sonarr) request(method, body string) (*http.Response, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth("anna", "anna-token")
	r.Header.Set("Accept", "application/json")
	if s.session != "" {
		r.Header.Set("X-Transmission-Session-Id", s.session)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return a, text
}

func (s *sonarr) call(method string, arguments any) m {
	s.t.Helper()
	if s.session == "" {
		a, _ := s.request(http.MethodGet, "")
		if s.session = a.Header.Get("X-Transmission-Session-Id"); a.StatusCode != http.StatusConflict || s.session == "" {
			s.t.Fatalf("the first request: %d", a.StatusCode)
		}
	}
	data := m{"method": method}
	if arguments != nil {
		data["arguments"] = arguments
	}
	body, err := json.Marshal(data)
	if err != nil {
		s.t.Fatal(err)
	}
	var answer struct {
		Arguments m
		Result    string
	}
	if _, text := s.request(http.MethodPost, string(body)); json.Unmarshal(text, &answer) != nil || answer.Result != "success" {
		s.t.Fatalf("%s: %s", method, text)
	}
	return answer.Arguments
}

// What Sonarr does: its test, an episode that is grabbed, followed, imported and removed.
func TestSonarr(t *testing.T) {
	h := newHouse(t)
	h.answer = func(r control.Request) control.Order {
		o := control.Order{State: control.Done, Box: "attic"}
		if r.Command.Kind == command.Add {
			h.grants[owners.Key{Box: "attic", Hash: hashOf(8)}] = []owners.Grant{{User: "anna", Access: owners.Own}}
			o.Result.Added = &command.Added{Hash: hashOf(8), Name: "Episode"}
		}
		return o
	}
	s := &sonarr{t: t, url: h.serve(t).URL + "/transmission/rpc"}
	config := s.call("session-get", nil)
	for _, name := range []string{"version", "download-dir", "seedRatioLimit", "seedRatioLimited", "idle-seeding-limit", "idle-seeding-limit-enabled"} {
		if config[name] == nil {
			t.Errorf("session-get lacks %s", name)
		}
	}
	fields := []string{
		"id", "hashString", "name", "downloadDir", "totalSize", "leftUntilDone", "isFinished", "eta", "status", "secondsDownloading", "secondsSeeding",
		"errorString", "uploadedEver", "downloadedEver", "seedRatioLimit", "seedRatioMode", "seedIdleLimit", "seedIdleMode", "fileCount", "file-count", "labels",
	}
	s.call("torrent-get", m{"fields": fields})
	s.call("torrent-add", m{"filename": "magnet:?xt=urn:btih:0123456789012345678901234567890123456789", "paused": false, "download-dir": "/srv/torrents/tv", "labels": []string{"sonarr"}})
	if got := h.lastDone(); got != `{"do":"add","add":{"magnet":"magnet:?xt=urn:btih:0123456789012345678901234567890123456789","dir":"/srv/torrents/tv","changes":{"labels":["sonarr"]}}}` {
		t.Errorf("add did %s", got)
	}
	episode := sample(8)
	episode.Name = "Episode"
	h.put("attic", "", episode)
	hash := hashOf(8).String()
	s.call("torrent-set", m{"ids": []string{hash}, "seedRatioLimit": 1.5, "seedRatioMode": 1, "seedIdleLimit": 600, "seedIdleMode": 1})
	if got := h.lastDone(); got != `{"do":"change","change":{"ratio_mode":1,"ratio_limit":15000,"idle_mode":1,"idle_limit":600}}` {
		t.Errorf("set did %s", got)
	}
	s.call("queue-move-top", m{"ids": []string{hash}})
	one := s.call("torrent-get", m{"fields": fields, "ids": []string{hash}})["torrents"].([]any)[0].(m)
	for _, name := range fields {
		if one[name] == nil {
			t.Errorf("torrent-get lacks %s", name)
		}
	}
	h.mu.Lock()
	if len(h.open) != 1 {
		t.Errorf("%d torrents are open, for one that was asked for by name", len(h.open))
	}
	h.mu.Unlock()
	s.call("torrent-remove", m{"delete-local-data": true, "ids": []string{hash}})
	if got := h.lastDone(); got != `{"do":"remove","remove":{"data":true}}` {
		t.Errorf("remove did %s", got)
	}
}
