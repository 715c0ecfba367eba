package rpc

import (
	"context"
	"runtime/debug"
	"time"
)

// problem is why a request was not done, in both dialects.
type problem struct {
	code int    // of JSON-RPC 2.0, section 5.1, or one of the specification's own
	text string // for a person
}

// The codes of 4.1's specification that are used here ("Error data").
const (
	codeInvalidParams = -32602
	codeInternal      = -32603
	codeTrackerList   = 2
	codeNoTorrent     = 4 // what was to be added is none
	codeSystem        = 5
	codeFileIndex     = 6
	codeHTTP          = 8
)

var (
	badJSON    = &problem{-32700, "the request is not JSON"}
	badRequest = &problem{-32600, "the request cannot be read"}
	badParams  = &problem{codeInvalidParams, "the arguments of the request cannot be read"}
	noMethod   = &problem{-32601, "there is no such method"}
	internal   = &problem{codeInternal, "something went wrong in the controller: its log says what"}
)

// messages are what JSON-RPC 2.0 calls the message of an error: the short form.
var messages = map[int]string{
	-32700: "Parse error", -32600: "Invalid Request", -32601: "Method not found", codeInvalidParams: "Invalid params",
	codeInternal: "Internal error", codeTrackerList: "Invalid tracker list", codeNoTorrent: "Not a torrent",
	codeSystem: "Not done", codeFileIndex: "No such file", codeHTTP: "Not fetched",
}

// Bounds of a batch. What comes after is refused, and not begun.
const (
	batchPatience = 30 * time.Second
	maxBatchBytes = 32 << 20 // of the answers before
)

var tooMuch = &problem{codeSystem, "the requests of this batch take too long together, or their answers too much room: send fewer at once"}

// answer answers a body, or returns nil when nothing is to be said.
func (e *Endpoint) answer(ctx context.Context, who asker, body []byte) []byte {
	calls, batch := decode(body)
	if !batch {
		return e.answerOne(ctx, who, &calls[0])
	}
	var out []byte
	end := e.cfg.Now().Add(batchPatience)
	for i := range calls {
		if len(out) > maxBatchBytes || !e.cfg.Now().Before(end) {
			calls[i].fault = tooMuch
		}
		one := e.answerOne(ctx, who, &calls[i])
		if one == nil {
			continue
		}
		if out == nil {
			out = append(out, '[')
		} else {
			out = append(out, ',')
		}
		out = append(out, one...)
	}
	if out == nil {
		return nil
	}
	return append(out, ']')
}

// answerOne does one request and puts what comes of it into its dialect's envelope.
func (e *Endpoint) answerOne(ctx context.Context, who asker, c *call) []byte {
	result, fault := e.do(ctx, who, c)
	switch {
	case c.silent:
		return nil
	case c.jsonrpc:
		return jsonrpcEnvelope(c, result, fault)
	}
	return oldEnvelope(c, result, fault)
}

// do returns the arguments of the answer, a JSON object; none is an empty one.
func (e *Endpoint) do(ctx context.Context, who asker, c *call) (result []byte, fault *problem) {
	defer func() {
		if recover() != nil { // what a panic says may hold anything
			e.cfg.Log.ErrorContext(ctx, "a request of an app failed", "method", c.method, "stack", string(debug.Stack()))
			result, fault = nil, internal
		}
	}()
	if c.fault != nil {
		return nil, c.fault
	}
	do, ok := e.method(c.method)
	if !ok {
		return nil, noMethod
	}
	return do(ctx, who, c)
}

// oldEnvelope is section 2.2 of 4.0's specification.
func oldEnvelope(c *call, result []byte, fault *problem) []byte {
	b := make([]byte, 0, len(result)+128)
	b = append(b, `{"arguments":`...)
	b = appendResult(b, result)
	b = append(b, `,"result":`...)
	if fault != nil {
		b = appendString(b, fault.text)
	} else {
		b = append(b, `"success"`...)
	}
	if c.id != nil {
		b = append(append(b, `,"tag":`...), c.id...)
	}
	return append(b, '}')
}

// jsonrpcEnvelope is section 5 of JSON-RPC 2.0. Transmission's own page reads
// error.data.result, so it is always there.
func jsonrpcEnvelope(c *call, result []byte, fault *problem) []byte {
	b := make([]byte, 0, len(result)+192)
	b = append(b, `{"jsonrpc":"2.0",`...)
	if fault == nil {
		b = appendResult(append(b, `"result":`...), result)
	} else {
		b = appendInt(append(b, `"error":{"code":`...), int64(fault.code))
		b = appendString(append(b, `,"message":`...), messages[fault.code])
		b = appendString(append(b, `,"data":{"error_string":`...), fault.text)
		b = append(appendResult(append(b, `,"result":`...), result), '}', '}')
	}
	b = append(b, `,"id":`...)
	if c.id == nil {
		return append(b, `null}`...)
	}
	return append(append(b, c.id...), '}')
}

func appendResult(b, result []byte) []byte {
	if len(result) == 0 {
		return append(b, '{', '}')
	}
	return append(b, result...)
}
