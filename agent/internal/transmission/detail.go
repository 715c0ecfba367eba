package transmission

import (
	"context"
	"encoding/base64"
	"fmt"

	"offing/tunnel/state"
)

// liveFields are what changes of an open torrent while its list row does not;
// restFields are what changes with the row, or hardly ever.
var (
	liveFields = []string{
		"hashString", "downloadDir", "haveValid", "haveUnchecked", "corruptEver",
		"secondsSeeding", "secondsDownloading", "activityDate", "peers", "trackerStats",
	}
	restFields = []string{
		"comment", "creator", "dateCreated", "isPrivate", "pieceCount", "pieceSize", "pieces", "files", "fileStats",
	}
)

// Detail asks for everything that is shown of one open torrent. It returns
// ErrUnknownTorrent when the daemon does not have it. The result is Valid.
func (c *Client) Detail(ctx context.Context, hash state.Hash) (state.Detail, error) {
	return c.Renew(ctx, state.Detail{Hash: hash}, true)
}

// Renew is Detail for a torrent of which something is known already. Unless
// whole is set it asks for what changes by itself, and takes files, pieces and
// what the torrent says of itself from known. Texts that are still the same are
// shared with known.
func (c *Client) Renew(ctx context.Context, known state.Detail, whole bool) (state.Detail, error) {
	arguments := struct {
		Fields []string `json:"fields"`
		IDs    []string `json:"ids"`
	}{liveFields, []string{known.Hash.String()}}
	if whole {
		arguments.Fields = append(arguments.Fields[:len(arguments.Fields):len(arguments.Fields)], restFields...)
	}
	r := detailReader{known: &known}
	_, err := c.call(ctx, "torrent-get", arguments, func(text []byte) error { return r.decode(text, whole) })
	if err != nil {
		return state.Detail{}, err
	}
	return r.detail.Clean(), nil
}

// detailReader reads the answer to torrent-get in the "objects" format, for one
// torrent.
type detailReader struct {
	known  *state.Detail
	detail state.Detail
	stats  []state.File // what "fileStats" says of detail.Files
}

func (r *detailReader) decode(text []byte, whole bool) error {
	*r = detailReader{known: r.known, detail: *r.known}
	d, found := &r.detail, 0
	d.Hash, d.Peers, d.Trackers = state.Hash{}, nil, nil
	if whole {
		d.Files, d.Pieces = nil, state.Pieces{}
	}
	err := decodeAnswer(text, func(s *scanner, key []byte) error {
		if string(key) != "torrents" {
			_, err := s.value()
			return err
		}
		return s.array(func() error {
			found++
			return s.object(func(key []byte) error { return r.field(s, key) })
		})
	})
	switch {
	case err != nil:
		return err
	case found == 0:
		return fmt.Errorf("%v: %w", r.known.Hash, ErrUnknownTorrent)
	case found > 1 || d.Hash != r.known.Hash:
		return fmt.Errorf("%w: %w: another torrent than the one asked for", ErrNotTransmission, errShape)
	case whole:
		return r.mergeFiles()
	}
	return nil
}

func (r *detailReader) field(s *scanner, key []byte) error {
	var err error
	switch string(key) {
	case "files":
		r.detail.Files, err = objects(s, state.MaxFiles, r.file)
	case "fileStats":
		r.stats, err = objects(s, state.MaxFiles, fileStats)
	case "peers":
		r.detail.Peers, err = peers(s)
	case "trackerStats":
		r.detail.Trackers, err = trackers(s)
	default:
		var v value
		if v, err = s.value(); err == nil {
			err = r.figure(key, v)
		}
	}
	if err != nil {
		return fmt.Errorf("%w: %.40s: %w", errShape, key, err)
	}
	return nil
}

func (r *detailReader) figure(key []byte, v value) error {
	d := &r.detail
	switch string(key) {
	case "hashString":
		return v.hash(&d.Hash)
	case "comment":
		return v.text(&d.Comment, r.known.Comment)
	case "creator":
		return v.text(&d.Creator, r.known.Creator)
	case "downloadDir":
		return v.text(&d.Dir, r.known.Dir)
	case "isPrivate":
		return v.boolean(&d.Private)
	case "pieces":
		return bitfield(v, &d.Pieces.Have)
	case "pieceCount":
		return v.count(&d.Pieces.Count)
	}
	if n := counter(d, key); n != nil {
		return v.integer(n)
	}
	return nil
}

// counter returns where the counter of that name goes, or nil.
func counter(d *state.Detail, key []byte) *int64 {
	switch string(key) {
	case "pieceSize":
		return &d.Pieces.Size
	case "dateCreated":
		return &d.Created
	case "haveValid":
		return &d.Have
	case "haveUnchecked":
		return &d.Unchecked
	case "corruptEver":
		return &d.Wasted
	case "secondsSeeding":
		return &d.Seeding
	case "secondsDownloading":
		return &d.Downloading
	case "activityDate":
		return &d.Active
	}
	return nil
}

func bitfield(v value, to *[]byte) error {
	encoded, err := v.name()
	if err != nil {
		return err
	}
	*to, err = base64.StdEncoding.AppendDecode(nil, encoded)
	return err
}
