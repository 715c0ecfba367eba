package transmission

import (
	"fmt"

	"offing/tunnel/state"
)

// maxColumns bounds the width of a table.
const maxColumns = 256

// decodeAnswer reads {"result": "success", "arguments": {...}} and calls
// argument for each key of the arguments, and argument reads the value. What
// comes after the object is not looked at.
func decodeAnswer(text []byte, argument func(s *scanner, key []byte) error) error {
	s, result := scanner{text: text}, ""
	err := s.object(func(key []byte) error {
		switch string(key) {
		case "arguments":
			return s.object(func(key []byte) error { return argument(&s, key) })
		case "result":
			v, err := s.value()
			if err != nil {
				return err
			}
			return v.text(&result, "success")
		}
		_, err := s.value()
		return err
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotTransmission, err)
	}
	if result != "success" {
		return &refusal{result}
	}
	return nil
}

// table reads the answer to torrent-get in the "table" format: the first row
// names the columns.
type table struct {
	moving  bool // there is no hashString
	known   func(id int64) *state.Torrent
	into    *Listing
	columns [maxColumns]column
	width   int // columns in use; 0 before the first row
	id      int // the column that holds it
	before  before
	unknown state.Torrent
}

// decode replaces what Rows and Removed hold. After an error they are empty.
func (t *table) decode(text []byte) error {
	t.into.reset()
	err := decodeAnswer(text, func(s *scanner, key []byte) error {
		switch string(key) {
		case "torrents":
			t.width = 0
			return s.array(func() error { return t.next(s) })
		case "removed":
			return s.array(func() error { return t.removed(s) })
		}
		_, err := s.value()
		return err
	})
	if err != nil {
		t.into.reset()
	}
	return err
}

func (t *table) next(s *scanner) error {
	if t.width == 0 {
		return t.header(s)
	}
	t.into.Rows = append(t.into.Rows, Row{})
	if err := t.row(s, &t.into.Rows[len(t.into.Rows)-1]); err != nil {
		return fmt.Errorf("%w: row %d: %w", errShape, len(t.into.Rows), err)
	}
	return nil
}

func (t *table) header(s *scanner) error {
	ids, hashes := 0, 0
	err := s.array(func() error {
		v, err := s.value()
		if err != nil {
			return err
		}
		name, err := v.name()
		if err != nil {
			return fmt.Errorf("%w: %w", errShape, err)
		}
		if t.width == maxColumns {
			return fmt.Errorf("%w: more than %d columns", errShape, maxColumns)
		}
		switch string(name) {
		case "id":
			ids, t.id = ids+1, t.width
		case "hashString":
			hashes++
		}
		t.columns[t.width] = columns[string(name)]
		t.width++
		return nil
	})
	if err == nil && (ids != 1 || hashes != 1 && !(t.moving && hashes == 0)) {
		err = fmt.Errorf("%w: a table without id and hashString", errShape)
	}
	return err
}

func (t *table) row(s *scanner, row *Row) error {
	known, i := &t.before, 0
	known.Torrent = &t.unknown
	err := s.array(func() error {
		v, err := s.value()
		if err != nil {
			return err
		}
		if i == t.width {
			return fmt.Errorf("more than %d cells", t.width)
		}
		if store := t.columns[i]; store != nil {
			if err := store(row, v, known); err != nil {
				return fmt.Errorf("column %d: %w", i+1, err)
			}
		}
		if i == t.id && t.known != nil {
			if k := t.known(row.ID); k != nil {
				known.Torrent = k
			}
		}
		i++
		return nil
	})
	if err != nil {
		return err
	}
	if i != t.width {
		return fmt.Errorf("%d cells under %d columns", i, t.width)
	}
	tidy(&row.Torrent)
	return nil
}

func (t *table) removed(s *scanner) error {
	v, err := s.value()
	if err != nil {
		return err
	}
	var id int64
	if err := v.integer(&id); err != nil {
		return fmt.Errorf("%w: removed: %w", errShape, err)
	}
	t.into.Removed = append(t.into.Removed, id)
	return nil
}
