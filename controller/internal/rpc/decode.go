package rpc

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a request.
const (
	maxBatch  = 100    // requests in one
	maxIDs    = 50_000 // torrents that one names, see command.MaxTorrents
	maxFields = 500    // names that one asks for
	maxNames  = 3      // under which one field is asked for
	// maxCommas bounds what is in one: a list of numbers takes many times as much room
	// in memory as in the request.
	maxCommas = 250_000
)

// call is one request of either dialect.
type call struct {
	jsonrpc bool            // the dialect of 4.1: the answer has its envelope
	id      json.RawMessage // "tag" or "id" as it came; nil for none
	silent  bool            // a notification: no answer
	method  string          // in snake case
	style   style           // of the words in the answer
	params  params
	fault   *problem // why it cannot be read
}

// params are the arguments of a request, by their names in snake case. A value of
// another type than the specification's is as if it were not there, as with a daemon,
// but where that would mean more than was asked for.
type params map[string]json.RawMessage

// decode reads a request, or a batch of them, which only the dialect of 4.1 knows.
func decode(body []byte) (calls []call, batch bool) {
	body = bytes.TrimSpace(body)
	if bytes.Count(body, []byte{','}) > maxCommas {
		return []call{{fault: badRequest}}, false
	}
	if len(body) == 0 || body[0] != '[' {
		return []call{decodeCall(body)}, false
	}
	var all []json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return []call{{jsonrpc: true, fault: badJSON}}, false
	}
	if len(all) == 0 || len(all) > maxBatch {
		return []call{{jsonrpc: true, fault: badRequest}}, false
	}
	for _, one := range all {
		c := decodeCall(one)
		if !c.jsonrpc {
			c = call{jsonrpc: true, fault: badRequest}
		}
		calls = append(calls, c)
	}
	return calls, true
}

func decodeCall(body []byte) call {
	var r map[string]json.RawMessage
	if err := json.Unmarshal(body, &r); err != nil || r == nil {
		// Nobody can say which dialect it is meant to be, but for what looks like it.
		c := call{fault: badJSON, jsonrpc: bytes.Contains(body, []byte(`"jsonrpc"`))}
		if json.Valid(body) {
			c.fault = badRequest
		}
		return c
	}
	version, jsonrpc := r["jsonrpc"]
	c := call{jsonrpc: jsonrpc}
	name, named := text(r["method"])
	args := r["arguments"]
	if jsonrpc {
		c.style, args = newStyle, r["params"]
		id, given := r["id"]
		c.id, c.silent = scalar(id), !given
		if v, _ := text(version); v != "2.0" || given && c.id == nil {
			c.fault, c.silent = badRequest, false
		}
	} else {
		c.id = scalar(r["tag"])
		if strings.Contains(name, "_") {
			c.style = newStyle // the betas of 4.1 have the new words in the old envelope
		}
	}
	if !named {
		c.fault, c.silent = badRequest, false
		return c
	}
	c.method = snake(name)
	if c.params = decodeParams(args); c.params == nil && c.fault == nil {
		c.fault = badParams
	}
	return c
}

// decodeParams returns nil for what is no object. None at all are no params.
func decodeParams(raw json.RawMessage) params {
	if len(raw) == 0 || string(raw) == "null" {
		return params{}
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	p := make(params, len(m))
	for k, v := range m {
		if w := snake(k); w == k || p[w] == nil {
			p[w] = v
		}
	}
	return p
}

// scalar returns a number, a string or null as it is, to be repeated. Anything else is nil.
func scalar(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || len(raw) > 256 || raw[0] == '{' || raw[0] == '[' || raw[0] == 't' || raw[0] == 'f' || !utf8.Valid(raw) {
		return nil
	}
	return raw
}

func text(raw json.RawMessage) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// number reads a whole number. Some clients write 100.0.
func number(raw json.RawMessage) (int64, bool) {
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		return n, true
	}
	f, ok := float(raw)
	if !ok || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

func float(raw json.RawMessage) (float64, bool) {
	var f *float64
	if json.Unmarshal(raw, &f) != nil || f == nil {
		return 0, false
	}
	return *f, true
}

// truth reads a boolean. Some clients write 0 and 1.
func truth(raw json.RawMessage) (v, ok bool) {
	switch strings.Trim(string(raw), `"`) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

func list(raw json.RawMessage) ([]json.RawMessage, bool) {
	var all []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &all) != nil {
		return nil, false
	}
	return all, true
}

// texts reads a list of strings; one string is a list of it.
func texts(raw json.RawMessage) ([]string, bool) {
	if s, ok := text(raw); ok {
		return []string{s}, true
	}
	all, ok := list(raw)
	if !ok {
		return nil, false
	}
	words := make([]string, 0, len(all))
	for _, one := range all {
		s, ok := text(one)
		if !ok {
			return nil, false
		}
		words = append(words, s)
	}
	return words, true
}

// The readers of params: nil for what is not there.

func (p params) text(name string) *string {
	if s, ok := text(p[name]); ok {
		return &s
	}
	return nil
}

func (p params) int(name string) *int64 {
	if n, ok := number(p[name]); ok {
		return &n
	}
	return nil
}

func (p params) int32(name string) *int32 {
	n, ok := number(p[name])
	if !ok {
		return nil
	}
	v := int32(min(max(n, math.MinInt32), math.MaxInt32))
	return &v
}

func (p params) bool(name string) *bool {
	if v, ok := truth(p[name]); ok {
		return &v
	}
	return nil
}

// scaled reads a number that is kept as so many of a smaller unit.
func (p params) scaled(name string, unit float64) *int64 {
	f, ok := float(p[name])
	if !ok {
		return nil
	}
	n := int64(math.Round(min(max(f*unit, -1e18), 1e18)))
	return &n
}
