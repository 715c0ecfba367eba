package transmission

import (
	"context"
	"io"

	"offing/tunnel/state"
)

// Selection says which torrents to ask for.
type Selection bool

// The values of Selection.
const (
	All            Selection = false
	RecentlyActive Selection = true // touched in the last 60 s, as the daemon counts it
)

// Listing is the answer to Torrents.
type Listing struct {
	Rows    []Row
	Removed []int64 // ids of torrents that went in the last 60 s; only with RecentlyActive
	// Run changes when ids may have: the daemon has started again, or at least
	// has begun a new session. Ids of two runs have nothing to do with each other.
	Run uint64
}

// Row is one torrent, with the daemon's own id for it.
type Row struct {
	ID      int64
	Torrent state.Torrent
}

// Torrents asks for the list fields of the selected torrents.
func (c *Client) Torrents(ctx context.Context, which Selection) (Listing, error) {
	arguments := struct {
		Fields []string `json:"fields"`
		Format string   `json:"format"`
		IDs    string   `json:"ids,omitempty"`
	}{Fields: listFields, Format: "table"}
	if which == RecentlyActive {
		arguments.IDs = "recently-active"
	}
	var listing Listing
	run, err := c.call(ctx, "torrent-get", arguments, func(r io.Reader) (err error) {
		listing, err = decodeListing(r)
		return err
	})
	listing.Run = run
	return listing, err
}
