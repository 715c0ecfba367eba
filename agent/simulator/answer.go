package simulator

import (
	"encoding/json"
)

// refusal is an answer that is no success, in the daemon's words; success is
// empty.
type refusal string

// method carries out one method: it appends the members of "arguments" to o.
type method func(s *Simulator, o *object, arguments json.RawMessage) refusal

// methodOf returns how to carry out a method, or nil for one that is not spoken.
func methodOf(name string) method {
	switch name {
	case "torrent-get":
		return (*Simulator).torrentGet
	case "torrent-add":
		return (*Simulator).torrentAdd
	case "torrent-set":
		return (*Simulator).torrentSet
	case "torrent-remove":
		return (*Simulator).torrentRemove
	case "torrent-rename-path":
		return (*Simulator).torrentRename
	case "torrent-set-location":
		return (*Simulator).torrentSetLocation
	case "torrent-start", "torrent-start-now":
		return each((*Simulator).start)
	case "torrent-stop":
		return each((*Simulator).stop)
	case "torrent-verify":
		return each((*Simulator).verify)
	case "torrent-reannounce":
		return each((*Simulator).announce)
	case "queue-move-top", "queue-move-up", "queue-move-down", "queue-move-bottom":
		return queueMove(name)
	case "session-get":
		return (*Simulator).sessionGet
	case "session-set":
		return (*Simulator).sessionSet
	case "session-stats":
		return (*Simulator).sessionStats
	case "free-space":
		return (*Simulator).freeSpace
	}
	return nil
}

// answer appends the answer to a request.
func (s *Simulator) answer(b, body []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var req request
	var do method
	if json.Unmarshal(body, &req) == nil {
		do = methodOf(req.Method)
	}
	o := beginObject(append(b, `{"arguments":`...))
	result := refusal("method name not recognized")
	if do != nil {
		result = do(s, o, req.Arguments)
	} else if s.cfg.RPCVersion >= RPC18 {
		result = "no method name"
	}
	if result == "" {
		result = "success"
	}
	b = appendString(append(o.end(), `,"result":`...), string(result))
	if req.Tag != nil {
		b = appendInt(append(b, `,"tag":`...), *req.Tag)
	}
	b = append(b, '}')
	if s.cfg.RPCVersion < RPC18 {
		b = append(b, '\n')
	}
	return b
}

// decode reads a method's arguments; what does not fit is left out, as the
// daemon does.
func decode[T any](arguments json.RawMessage) T {
	var v T
	if len(arguments) > 0 {
		_ = json.Unmarshal(arguments, &v)
	}
	return v
}
