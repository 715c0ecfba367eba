package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// Box is a box without its torrents.
type Box struct {
	Name         string        `json:"name"`
	Line         report.Line   `json:"line"`
	Daemon       report.Daemon `json:"daemon"` // its version is for administrators
	AgeMS        int64         `json:"age_ms"` // milliseconds since what is known of it was true; -1 when it never was
	Session      BoxSession    `json:"session"`
	MayConfigure bool          `json:"may_configure"` // whoever asks
}

// BoxSession is what is known of the daemon as a whole, without its settings.
type BoxSession struct {
	RPCVersion int32 `json:"rpc_version"` // 16 is Transmission 3.00, 17 is 4.0; 0 for who is no administrator
	AltSpeed   bool  `json:"alt_speed"`   // the alternative limits of speed are in force
}

// Settings is what is set for a daemon. The names are those of command.NewSettings;
// see state.Settings for the units.
type Settings struct {
	AltSpeed bool `json:"alt_speed"`
	DaemonSettings
}

// DaemonSettings is a state.Settings with names for JSON. Either converts to the
// other.
type DaemonSettings struct {
	DownLimit   int64 `json:"down_limit"`
	DownLimited bool  `json:"down_limited"`
	UpLimit     int64 `json:"up_limit"`
	UpLimited   bool  `json:"up_limited"`

	AltDown      int64 `json:"alt_down"`
	AltUp        int64 `json:"alt_up"`
	AltScheduled bool  `json:"alt_scheduled"`
	AltBegin     int32 `json:"alt_begin"`
	AltEnd       int32 `json:"alt_end"`
	AltDays      uint8 `json:"alt_days"`

	RatioLimit   int64 `json:"ratio_limit"`
	RatioLimited bool  `json:"ratio_limited"`
	IdleLimit    int32 `json:"idle_limit"`
	IdleLimited  bool  `json:"idle_limited"`

	DownQueue        int32 `json:"down_queue"`
	DownQueueEnabled bool  `json:"down_queue_enabled"`
	SeedQueue        int32 `json:"seed_queue"`
	SeedQueueEnabled bool  `json:"seed_queue_enabled"`
	StalledMinutes   int32 `json:"stalled_minutes"`
	StalledEnabled   bool  `json:"stalled_enabled"`

	PeerLimit        int32  `json:"peer_limit"`
	TorrentPeerLimit int32  `json:"torrent_peer_limit"`
	PeerPort         int32  `json:"peer_port"`
	RandomPort       bool   `json:"random_port"`
	PortForwarding   bool   `json:"port_forwarding"`
	Encryption       string `json:"encryption"`
	DHT              bool   `json:"dht"`
	PEX              bool   `json:"pex"`
	LPD              bool   `json:"lpd"`
	UTP              bool   `json:"utp"`

	DownloadDir    string `json:"download_dir"`
	IncompleteDir  string `json:"incomplete_dir"`
	UseIncomplete  bool   `json:"use_incomplete"`
	StartAdded     bool   `json:"start_added"`
	RenamePartial  bool   `json:"rename_partial"`
	DeleteTorrents bool   `json:"delete_torrents"`
	CacheMB        int32  `json:"cache_mb"`

	BlocklistURL     string `json:"blocklist_url"`
	BlocklistEnabled bool   `json:"blocklist_enabled"`
	BlocklistSize    int32  `json:"blocklist_size"` // cannot be set
}

var _ = DaemonSettings(state.Settings{}) // does not compile once they differ

// Boxes returns all boxes, since everybody may add to each, in the order of their names.
// Of one that holds nothing of who asks there is little more than whether it can be
// reached.
func (c *Client) Boxes(ctx context.Context) ([]Box, error) {
	var answer struct {
		Boxes []Box `json:"boxes"`
	}
	err := c.do(ctx, http.MethodGet, "boxes", nil, &answer)
	return answer.Boxes, err
}

// Settings returns what is set for the daemon of a box. It is for administrators, as
// what follows, but for FreeSpace.
func (c *Client) Settings(ctx context.Context, box string) (Settings, error) {
	var answer Settings
	err := c.do(ctx, http.MethodGet, boxPath(box, "settings"), nil, &answer)
	return answer, err
}

// Configure changes what is set, and waits for the end of it at most so long; see
// MaxWait.
func (c *Client) Configure(ctx context.Context, box string, s command.NewSettings, wait time.Duration) (Order, error) {
	return c.one(ctx, wait, http.MethodPatch, boxPath(box, "settings")+waiting(wait), s)
}

// TestPort tells whether peers can reach the daemon of a box. The box asks a service
// outside, which takes some seconds.
func (c *Client) TestPort(ctx context.Context, box string) (open bool, err error) {
	var answer struct {
		Open bool `json:"open"`
	}
	err = c.patiently(ctx, MaxWait, http.MethodPost, boxPath(box, "test-port"), nil, &answer)
	return answer.Open, err
}

// Blocklist fetches the blocklist anew; the order's result has how many rules there
// are.
func (c *Client) Blocklist(ctx context.Context, box string, wait time.Duration) (Order, error) {
	return c.order(ctx, wait, boxPath(box, "blocklist")+waiting(wait), nil)
}

// FreeSpace returns the room for a folder of the download tree, for its top when dir
// is empty.
func (c *Client) FreeSpace(ctx context.Context, box, dir string) (command.Space, error) {
	path := boxPath(box, "free-space")
	if dir != "" {
		path += "?" + url.Values{"dir": {dir}}.Encode()
	}
	var answer struct {
		Space command.Space `json:"space"`
	}
	err := c.patiently(ctx, MaxWait, http.MethodGet, path, nil, &answer)
	return answer.Space, err
}

func boxPath(box, what string) string { return "boxes/" + url.PathEscape(box) + "/" + what }
