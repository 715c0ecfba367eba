package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"offing/tunnel/state"
)

// Row is a torrent in a list; see state.Torrent for the units.
type Row struct {
	Torrent
	Name       string          `json:"name"`
	State      string          `json:"state"`    // see state.Status
	Progress   float64         `json:"progress"` // 0 to 1, of the wanted bytes
	Checked    float64         `json:"checked"`  // 0 to 1, of a running verification
	Size       int64           `json:"size"`     // bytes wanted
	Total      int64           `json:"total"`    // bytes, wanted or not
	Left       int64           `json:"left"`
	RateDown   int64           `json:"rate_down"`
	RateUp     int64           `json:"rate_up"`
	Downloaded int64           `json:"downloaded"`
	Uploaded   int64           `json:"uploaded"`
	ETA        int64           `json:"eta"` // seconds, -1 when it cannot be said
	Ratio      float64         `json:"ratio"`
	Peers      int32           `json:"peers"`
	Error      string          `json:"error"`
	ErrorKind  state.ErrorKind `json:"error_kind"`
	Labels     []string        `json:"labels"`
	Added      int64           `json:"added"` // Unix seconds
	Done       int64           `json:"done"`  // Unix seconds, 0 while incomplete
	Queue      int32           `json:"queue"`
	Files      int32           `json:"files"` // 0 while that is not known
	Private    bool            `json:"private"`
	Dir        string          `json:"dir,omitempty"` // for its owners
	Access     string          `json:"access"`        // "see", "act" or "own": what who asks may do
	Options    Options         `json:"options"`
}

// Options is a state.Options with names for JSON, in its order. Either converts to
// the other.
type Options struct {
	DownLimit   int64           `json:"down_limit"`
	UpLimit     int64           `json:"up_limit"`
	RatioLimit  int64           `json:"ratio_limit"`
	PeerLimit   int32           `json:"peer_limit"`
	IdleLimit   int32           `json:"idle_limit"`
	DownLimited bool            `json:"down_limited"`
	UpLimited   bool            `json:"up_limited"`
	Unbound     bool            `json:"unbound"`
	Sequential  bool            `json:"sequential"`
	Priority    int8            `json:"priority"`
	RatioMode   state.LimitMode `json:"ratio_mode"`
	IdleMode    state.LimitMode `json:"idle_mode"`
}

var _ = Options(state.Options{}) // does not compile once they differ

// Filter chooses torrents and their order; its zero value has all of them, by name.
type Filter struct {
	Box    string
	State  string // "all", "downloading", "seeding", "checking", "stopped", "active", "error", "complete" or "incomplete"
	Label  string // one that it has
	Text   string // a part of its name, in either case
	Sort   string // "name", "added", "size", "progress", "ratio", "down", "up", "eta", "state" or "queue"; with "-" before it the other way round
	Limit  int    // torrents at most; 0 for all
	Offset int    // torrents to leave out first
}

func (f Filter) query() string {
	query := url.Values{}
	for _, p := range []struct{ name, value string }{
		{"box", f.Box}, {"state", f.State}, {"label", f.Label}, {"text", f.Text}, {"sort", f.Sort},
	} {
		if p.value != "" {
			query.Set(p.name, p.value)
		}
	}
	for _, p := range []struct {
		name  string
		value int
	}{{"limit", f.Limit}, {"offset", f.Offset}} {
		if p.value != 0 {
			query.Set(p.name, strconv.Itoa(p.value))
		}
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// Torrents returns those that the filter lets through and how many there are
// without its Limit and Offset.
func (c *Client) Torrents(ctx context.Context, f Filter) (rows []Row, total int, err error) {
	var answer struct {
		Torrents []Row `json:"torrents"`
		Total    int   `json:"total"`
	}
	err = c.do(ctx, http.MethodGet, "torrents"+f.query(), nil, &answer)
	return answer.Torrents, answer.Total, err
}

// Whole is a torrent with its details.
type Whole struct {
	Row
	AgeMS  int64   `json:"age_ms"`           // milliseconds since Detail was true; -1 without it
	Detail *Detail `json:"detail,omitempty"` // nil when the box did not tell in time
}

// Detail is what there is beside a Row; see state.Detail for the units.
type Detail struct {
	Info     Info      `json:"info"`
	Trackers []Tracker `json:"trackers"`
	Pieces   Pieces    `json:"pieces"`
	Peers    []Peer    `json:"peers"`
	Files    []File    `json:"files"`
}

// Info is a Detail's own figures and words.
type Info struct {
	Comment     string `json:"comment"`
	Creator     string `json:"creator"`
	Created     int64  `json:"created"`
	Dir         string `json:"dir"` // for its owners, empty for others
	Private     bool   `json:"private"`
	Have        int64  `json:"have"`
	Unchecked   int64  `json:"unchecked"`
	Wasted      int64  `json:"wasted"`
	Seeding     int64  `json:"seeding"`
	Downloading int64  `json:"downloading"`
	Active      int64  `json:"active"`
}

// Tracker is one announce URL, of which only its host is told to who does not own
// the torrent.
type Tracker struct {
	Announce string `json:"announce"`
	Tier     int32  `json:"tier"`
	State    string `json:"state"`
	Failed   bool   `json:"failed"`
	Result   string `json:"result"`
	Seeders  int32  `json:"seeders"`
	Leechers int32  `json:"leechers"`
	Next     int64  `json:"next"`
}

// Pieces tells which parts are here.
type Pieces struct {
	Count int32  `json:"count"`
	Size  int64  `json:"size"`
	Have  []byte `json:"have"` // a bit for each, the first in the highest bit of the first byte
}

// Peer is one connected peer.
type Peer struct {
	Address   string `json:"addr"`
	Client    string `json:"client"`
	Progress  int    `json:"progress"` // ten-thousandths
	RateDown  int64  `json:"down"`
	RateUp    int64  `json:"up"`
	Flags     string `json:"flags"`
	Incoming  bool   `json:"incoming"`
	Encrypted bool   `json:"encrypted"`
	UTP       bool   `json:"utp"`
}

// File is one file of a torrent.
type File struct {
	Index    int    `json:"i"` // from 0, as command.Changes numbers them
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Have     int64  `json:"have"`
	Wanted   bool   `json:"wanted"`
	Priority int    `json:"priority"` // -1 low, 0 normal, 1 high
}

// Torrent returns one torrent with its details. It waits some seconds for the box.
func (c *Client) Torrent(ctx context.Context, box string, h state.Hash) (*Whole, error) {
	var answer Whole
	err := c.do(ctx, http.MethodGet, "torrents/"+url.PathEscape(box)+"/"+h.String(), nil, &answer)
	if err != nil {
		return nil, err
	}
	return &answer, nil
}
