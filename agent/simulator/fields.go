package simulator

import (
	"slices"
	"strings"
)

// column appends one field of a torrent.
type column struct {
	name   string
	append func(s *Simulator, b []byte, t *torrent) []byte
}

// columns returns those of the fields. 3.00 and 4.0 answer 0 for a field that
// they do not know, 4.1 leaves it out.
func (s *Simulator) columns(fields []string) []column {
	list := make([]column, 0, len(fields))
	for _, name := range fields {
		c := columnOf(name)
		if newFields[name] > s.cfg.RPCVersion {
			c = nil
		}
		if c == nil && s.cfg.RPCVersion >= RPC18 {
			continue
		}
		if c == nil {
			c = func(_ *Simulator, b []byte, _ *torrent) []byte { return append(b, '0') }
		}
		list = append(list, column{name, c})
	}
	return list
}

// newFields are those that came after 3.00, and with what.
var newFields = map[string]int{
	"availability": RPC17, "file-count": RPC17, "group": RPC17, "percentComplete": RPC17,
	"primary-mime-type": RPC17, "trackerList": RPC17, "sequential_download": RPC18,
}

// appendObjects appends an object for each torrent, its members in the order of
// the alphabet, as the daemon does.
func (s *Simulator) appendObjects(b []byte, columns []column, list []*torrent) []byte {
	slices.SortFunc(columns, func(x, y column) int { return strings.Compare(x.name, y.name) })
	columns = slices.CompactFunc(columns, func(x, y column) bool { return x.name == y.name })
	return appendList(b, list, func(b []byte, _ int, t *torrent) []byte {
		o := beginObject(b)
		for _, c := range columns {
			o.key(c.name)
			o.b = c.append(s, o.b, t)
		}
		return o.end()
	})
}

func integer[T ~int | ~int8 | ~int32 | ~int64 | ~uint8](get func(*torrent) T) func(*Simulator, []byte, *torrent) []byte {
	return func(_ *Simulator, b []byte, t *torrent) []byte { return appendInt(b, get(t)) }
}

func text(get func(*torrent) string) func(*Simulator, []byte, *torrent) []byte {
	return func(_ *Simulator, b []byte, t *torrent) []byte { return appendString(b, get(t)) }
}

func truth(get func(*torrent) bool) func(*Simulator, []byte, *torrent) []byte {
	return func(_ *Simulator, b []byte, t *torrent) []byte { return appendBool(b, get(t)) }
}

func float(get func(*torrent) float64) func(*Simulator, []byte, *torrent) []byte {
	return func(s *Simulator, b []byte, t *torrent) []byte { return s.appendFloat(b, get(t)) }
}

// columnOf returns how to append a field, or nil for one that is not known.
func columnOf(name string) func(*Simulator, []byte, *torrent) []byte {
	for _, group := range []func(string) func(*Simulator, []byte, *torrent) []byte{
		counterField, dateField, stateField, partField, settingField, detailField,
	} {
		if c := group(name); c != nil {
			return c
		}
	}
	return nil
}
