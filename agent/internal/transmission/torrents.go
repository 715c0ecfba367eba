package transmission

import (
	"context"

	"offing/tunnel/state"
)

// Selection says which torrents to ask for.
type Selection uint8

// The values of Selection.
const (
	All            Selection = 0
	RecentlyActive Selection = 1 // touched in the last 60 s, as the daemon counts it
	Named          Selection = 2 // those of Query.IDs, or else Query.Hashes
)

// Query says what Ask asks for.
type Query struct {
	Which Selection
	// IDs, or Hashes, are the torrents of Named. There must be one: the daemon would
	// take none for all.
	IDs    []int64
	Hashes []state.Hash
	// Moving asks only for what changes from one second to the next: rows have
	// the id, MovingFields and Error, but no Hash.
	Moving bool
	// Known returns the torrent of an id as it was last known, or nil. Texts
	// that are still the same are then shared with it, not made anew. It may be
	// nil; the result is used before the next call.
	Known func(id int64) *state.Torrent
}

// Listing is the answer to Ask.
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

// spareRows is how many rows are kept for the next answer in any case.
const spareRows = 256

// reset empties l. The memory is used again, unless the last answer filled
// little of it.
func (l *Listing) reset() {
	if cap(l.Rows) > 4*max(len(l.Rows), spareRows) {
		l.Rows = nil
	}
	clear(l.Rows) // the texts must not stay in memory
	l.Rows, l.Removed = l.Rows[:0], l.Removed[:0]
}

// Torrents asks for everything that a list shows of the selected torrents, All
// or RecentlyActive.
func (c *Client) Torrents(ctx context.Context, which Selection) (Listing, error) {
	var l Listing
	err := c.Ask(ctx, Query{Which: which}, &l)
	return l, err
}

// Ask replaces what l holds with the answer to q; l's memory is used again. An
// error leaves l empty. ErrNoTorrents means that q is Named and names none.
func (c *Client) Ask(ctx context.Context, q Query, l *Listing) error {
	arguments := struct {
		Fields []string `json:"fields"`
		Format string   `json:"format"`
		IDs    any      `json:"ids,omitempty"`
	}{Fields: wholeFields(c.rpcVersion.Load()), Format: "table"}
	if q.Moving {
		arguments.Fields = movingFields
	}
	switch {
	case q.Which == RecentlyActive:
		arguments.IDs = "recently-active"
	case q.Which == Named && len(q.IDs) == 0 && len(q.Hashes) > 0:
		arguments.IDs = names(q.Hashes)
	case q.Which == Named && len(q.IDs) == 0:
		l.reset()
		return ErrNoTorrents
	case q.Which == Named:
		arguments.IDs = q.IDs
	}
	t := table{moving: q.Moving, known: q.Known, into: l}
	run, err := c.call(ctx, "torrent-get", arguments, t.decode)
	if err != nil {
		l.reset()
	}
	l.Run = run
	return err
}
