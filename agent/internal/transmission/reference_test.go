package transmission

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"offing/tunnel/state"
)

// referenceListing reads a list as encoding/json would have it. It is what the
// decoder is compared with: slow, and plain to see.
func referenceListing(text []byte) (Listing, error) {
	d, result, r := json.NewDecoder(bytes.NewReader(text)), "", reference{}
	err := refObject(d, func(key string) error {
		switch key {
		case "arguments":
			return refObject(d, func(key string) error { return r.argument(d, key) })
		case "result":
			return d.Decode(&result)
		}
		return d.Decode(new(json.RawMessage))
	})
	if err != nil {
		return Listing{}, fmt.Errorf("%w: %w", ErrNotTransmission, err)
	}
	if result != "success" {
		return Listing{}, ErrRefused
	}
	return r.listing, nil
}

type reference struct {
	listing Listing
	names   []string
}

func (r *reference) argument(d *json.Decoder, key string) error {
	switch key {
	case "torrents":
		r.names = nil
		return refArray(d, func() error { return r.row(d) })
	case "removed":
		return refArray(d, func() error {
			var v json.RawMessage
			if err := d.Decode(&v); err != nil {
				return err
			}
			var id int64
			err := value(v).integer(&id)
			r.listing.Removed = append(r.listing.Removed, id)
			return err
		})
	}
	return d.Decode(new(json.RawMessage))
}

func (r *reference) row(d *json.Decoder) error {
	if r.names == nil {
		if err := d.Decode(&r.names); err != nil {
			return err
		}
		seen := make(map[string]int)
		for _, n := range r.names {
			seen[n]++
		}
		if seen["id"] != 1 || seen["hashString"] != 1 || len(r.names) > maxColumns {
			return errors.New("header")
		}
		return nil
	}
	var cells []json.RawMessage
	if err := d.Decode(&cells); err != nil {
		return err
	}
	if len(cells) != len(r.names) {
		return errors.New("cells")
	}
	var row Row
	for i, name := range r.names {
		if err := refCell(&row, name, cells[i]); err != nil {
			return err
		}
	}
	tidy(&row.Torrent)
	r.listing.Rows = append(r.listing.Rows, row)
	return nil
}

// refCell leaves texts to encoding/json, and shares the rest with the decoder:
// what a number may look like is said once.
func refCell(row *Row, name string, cell json.RawMessage) error {
	if cell == nil {
		cell = json.RawMessage("null")
	}
	t := &row.Torrent
	switch name {
	case "name":
		return json.Unmarshal(cell, &t.Name)
	case "errorString":
		return json.Unmarshal(cell, &t.ErrorText)
	case "labels":
		return json.Unmarshal(cell, &t.Labels)
	case "hashString":
		var s string
		if err := json.Unmarshal(cell, &s); err != nil {
			return err
		}
		h, err := state.ParseHash(s)
		t.Hash = h
		return err
	}
	if store := columns[name]; store != nil {
		return store(row, value(cell), &before{Torrent: &state.Torrent{}})
	}
	return nil
}

func refObject(d *json.Decoder, f func(key string) error) error {
	return refDelimited(d, '{', func() error {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return errors.New("key")
		}
		return f(key)
	})
}

func refArray(d *json.Decoder, f func() error) error { return refDelimited(d, '[', f) }

func refDelimited(d *json.Decoder, open json.Delim, f func() error) error {
	token, err := d.Token()
	if err != nil || token == nil {
		return err
	}
	if token != open {
		return fmt.Errorf("want %v", open)
	}
	for d.More() {
		if err := f(); err != nil {
			return err
		}
	}
	_, err = d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
