package transmission

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxColumns bounds the width of a table.
const maxColumns = 256

// decodeListing reads the answer to torrent-get in the "table" format: the
// first row names the columns. It goes row by row, so that a list of ten
// thousand needs the memory of its result only.
func decodeListing(r io.Reader) (Listing, error) {
	var l Listing
	err := decodeAnswer(r, func(d *json.Decoder, key string) error {
		switch key {
		case "torrents":
			return l.decodeTable(d)
		case "removed":
			return l.decodeRemoved(d)
		}
		return skip(d)
	})
	if err != nil {
		return Listing{}, err
	}
	return l, nil
}

// decodeAnswer reads {"result": "success", "arguments": {...}} and calls
// argument for each key of the arguments.
func decodeAnswer(r io.Reader, argument func(*json.Decoder, string) error) error {
	d := json.NewDecoder(r)
	result := ""
	err := object(d, func(key string) error {
		switch key {
		case "arguments":
			return object(d, func(key string) error { return argument(d, key) })
		case "result":
			return d.Decode(&result)
		}
		return skip(d)
	})
	if err != nil {
		return decodeError(err)
	}
	if result != "success" {
		return fmt.Errorf("%w: %.200q", ErrRefused, result)
	}
	return nil
}

// decodeError tells trouble with the text from trouble with the network, which
// shows while decoding too.
func decodeError(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.Is(err, errShape) || errors.Is(err, io.EOF) || errors.As(err, &syntax) || errors.As(err, &kind) {
		return fmt.Errorf("%w: %w", ErrNotTransmission, err)
	}
	return err
}

// errShape means that the text is JSON, but not of the form expected.
var errShape = errors.New("unexpected form")

func (l *Listing) decodeTable(d *json.Decoder) error {
	var columns []column
	var cells []value
	return array(d, func() error {
		if columns == nil {
			var err error
			columns, err = decodeHeader(d)
			return err
		}
		cells = cells[:0]
		if err := d.Decode(&cells); err != nil {
			return err
		}
		row, err := decodeRow(columns, cells)
		if err != nil {
			return fmt.Errorf("%w: row %d: %w", errShape, len(l.Rows)+1, err)
		}
		l.Rows = append(l.Rows, row)
		return nil
	})
}

func decodeHeader(d *json.Decoder) ([]column, error) {
	var names []string
	if err := d.Decode(&names); err != nil {
		return nil, err
	}
	if len(names) > maxColumns {
		return nil, fmt.Errorf("%w: %d columns", errShape, len(names))
	}
	columns := make([]column, len(names))
	identified := 0
	for i, name := range names {
		columns[i] = columnOf(name)
		if name == "id" || name == "hashString" {
			identified++
		}
	}
	if identified != 2 {
		return nil, fmt.Errorf("%w: a table without id and hashString", errShape)
	}
	return columns, nil
}

func decodeRow(columns []column, cells []value) (Row, error) {
	var row Row
	if len(cells) != len(columns) {
		return row, fmt.Errorf("%d cells under %d columns", len(cells), len(columns))
	}
	for i, store := range columns {
		if store == nil {
			continue
		}
		if err := store(&row, cells[i]); err != nil {
			return row, fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	tidy(&row.Torrent)
	return row, nil
}

func (l *Listing) decodeRemoved(d *json.Decoder) error {
	return array(d, func() error {
		var v value
		if err := d.Decode(&v); err != nil {
			return err
		}
		var id int64
		if err := v.integer(&id); err != nil {
			return fmt.Errorf("%w: removed: %w", errShape, err)
		}
		l.Removed = append(l.Removed, id)
		return nil
	})
}

// object calls f after each key of the object that comes next, and f reads the
// value. null is an object without keys.
func object(d *json.Decoder, f func(key string) error) error {
	return delimited(d, '{', func() error {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return fmt.Errorf("%w: a key that is no text", errShape)
		}
		return f(key)
	})
}

// array calls f before each element of the array that comes next, and f reads
// it. null is an array without elements.
func array(d *json.Decoder, f func() error) error { return delimited(d, '[', f) }

func delimited(d *json.Decoder, open json.Delim, f func() error) error {
	token, err := d.Token()
	if err != nil || token == nil {
		return err
	}
	if token != open {
		return fmt.Errorf("%w: want %v", errShape, open)
	}
	for d.More() {
		if err := f(); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func skip(d *json.Decoder) error {
	var v json.RawMessage
	return d.Decode(&v)
}
