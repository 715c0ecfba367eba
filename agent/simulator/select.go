package simulator

import (
	"encoding/json"

	"offing/tunnel/state"
)

// selected returns the torrents that "ids" names: all when it is missing, one
// for a number or a hash, each of a list once. The second result is set when
// they are those that were recently active.
func (s *Simulator) selected(ids json.RawMessage) (list []*torrent, recently bool) {
	if s.loading() {
		return nil, string(ids) == `"recently-active"`
	}
	if len(ids) == 0 {
		return s.torrents, false
	}
	var one any
	if json.Unmarshal(ids, &one) != nil {
		return nil, false
	}
	if one == "recently-active" {
		list, _ = s.recentlyActive()
		return list, true
	}
	names, ok := one.([]any)
	if !ok {
		names = []any{one}
	}
	for _, name := range names {
		if name == "recently-active" && s.cfg.RPCVersion >= RPC18 {
			list, _ = s.recentlyActive()
			return list, false
		}
		if t := s.named(name); t != nil {
			list = append(list, t)
		}
	}
	return list, false
}

// named returns the torrent of an id or a hash, or nil.
func (s *Simulator) named(name any) *torrent {
	switch name := name.(type) {
	case float64:
		return s.find(int64(name))
	case string:
		if h, err := state.ParseHash(name); err == nil {
			return s.byHash[h]
		}
	}
	return nil
}

type getArguments struct {
	Fields []string        `json:"fields"`
	Format string          `json:"format"`
	IDs    json.RawMessage `json:"ids"`
}

func (s *Simulator) torrentGet(o *object, arguments json.RawMessage) refusal {
	a := decode[getArguments](arguments)
	if a.Fields == nil || (len(a.Fields) == 0 && s.cfg.RPCVersion >= RPC18) {
		if s.cfg.RPCVersion < RPC18 {
			o.raw("torrents", []byte("[]"))
		}
		return "no fields specified"
	}
	list, recently := s.selected(a.IDs)
	if recently {
		o.key("removed")
		o.b = appendList(o.b, s.removed, func(b []byte, _ int, r removal) []byte { return appendInt(b, r.id) })
	}
	o.key("torrents")
	if len(a.Fields) == 0 {
		o.b = append(o.b, "[]"...)
		return ""
	}
	if a.Format == "table" {
		o.b = s.appendTable(o.b, s.columns(a.Fields), list)
	} else {
		o.b = s.appendObjects(o.b, s.columns(a.Fields), list)
	}
	return ""
}

// appendTable appends the form that RPC 16 brought: a row of names, and one of
// values for each torrent.
func (s *Simulator) appendTable(b []byte, columns []column, list []*torrent) []byte {
	b = append(b, '[')
	b = appendList(b, columns, func(b []byte, _ int, c column) []byte { return appendString(b, c.name) })
	for _, t := range list {
		b = append(b, ',', '[')
		for i, c := range columns {
			if i > 0 {
				b = append(b, ',')
			}
			b = c.append(s, b, t)
		}
		b = append(b, ']')
	}
	return append(b, ']')
}
