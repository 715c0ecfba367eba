package view

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
)

// Whole returns one torrent as p may see it with its details, which the box is asked
// for and waited for until ctx ends. Without them AgeMS is -1 and Detail nil. The
// error is owners.Unknown for what p may not see. What p is told of the
// details is what the torrent's topic tells p.
func (v *Views) Whole(ctx context.Context, p account.Principal, k owners.Key) (*client.Whole, error) {
	feed, ok := v.Feed(p, TorrentTopic(k.Box, k.Hash))
	if !ok {
		return nil, v.unknown(k)
	}
	news := make(chan struct{}, 1)
	defer feed.Watch(func() {
		select {
		case news <- struct{}{}:
		default:
		}
	})()
	for {
		update := feed.Since(nil)
		row, ok := v.Row(p, k)
		if !ok || update.Gone {
			return nil, v.unknown(k)
		}
		whole, pending, err := decodeDetail(update)
		if err != nil {
			return nil, err
		}
		whole.Row = row
		if !pending {
			return whole, nil
		}
		select {
		case <-ctx.Done():
			return &client.Whole{Row: row, AgeMS: -1}, nil
		case <-news:
		}
	}
}

// unknown returns the error of a torrent that is not there, or not for who asks.
func (v *Views) unknown(k owners.Key) error {
	for _, b := range v.cfg.Source.Boxes() {
		if b.Name == k.Box {
			return owners.Unknown(k.Box, b.State)
		}
	}
	return owners.ErrUnknownTorrent
}

// decodeDetail reads what a torrent's topic begins with. A list may be spread over
// several parts, and over several members of one.
func decodeDetail(u hub.Update) (whole *client.Whole, pending bool, err error) {
	whole = &client.Whole{Detail: &client.Detail{
		Trackers: []client.Tracker{}, Peers: []client.Peer{}, Files: []client.File{},
	}}
	d := whole.Detail
	for _, part := range u.Parts {
		decoder := json.NewDecoder(bytes.NewReader(fmt.Appendf(nil, "{%s}", part)))
		_, err := decoder.Token()
		for err == nil && decoder.More() {
			var name json.Token
			if name, err = decoder.Token(); err != nil {
				break
			}
			switch name {
			case "pending":
				err = decoder.Decode(&pending)
			case "age_ms":
				err = decoder.Decode(&whole.AgeMS)
			case "info":
				err = decoder.Decode(&d.Info)
			case "pieces":
				err = decoder.Decode(&d.Pieces)
			case "trackers":
				err = decodeMore(decoder, &d.Trackers)
			case "peers":
				err = decodeMore(decoder, &d.Peers)
			case "files":
				err = decodeMore(decoder, &d.Files)
			default:
				err = decoder.Decode(new(json.RawMessage))
			}
		}
		if err != nil {
			return nil, false, fmt.Errorf("read the details of a torrent: %w", err)
		}
	}
	return whole, pending, nil
}

func decodeMore[T any](d *json.Decoder, all *[]T) error {
	var more []T
	err := d.Decode(&more)
	*all = append(*all, more...)
	return err
}
