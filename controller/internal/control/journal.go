package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

const (
	partSize  = 200 << 10 // bytes of a part, well below what a bucket takes
	inHead    = 48 << 10  // bytes of a body that need no parts
	mostParts = 128       // of one body; the largest has 8 MiB and a bit
)

// journal keeps orders in a bucket: a head each, under "head/ID", and what is too
// long for it in parts, under "part/ID/NAME/NUMBER", which are written before it.
// So a head is never without its parts; parts without a head are of an order that
// nobody was told of, or that has been forgotten.
type journal struct{ bucket store.Bucket }

// head is an order in the store.
type head struct {
	plan
	Seq     uint64       `json:"seq"`
	User    string       `json:"user,omitempty"`
	Box     string       `json:"box"`
	Kind    command.Kind `json:"do"`
	State   State        `json:"state"`
	Of      int          `json:"of"`
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
	Ended   time.Time    `json:"ended,omitzero"`
	Body    []byte       `json:"body,omitempty"`  // in CBOR: a body while it has not ended, then a result
	Parts   int          `json:"parts,omitempty"` // where Body is instead
	Name    string       `json:"body_name,omitempty"`
}

// body is what an order that has not ended needs beside its head.
type body struct {
	Command  *command.Command `cbor:"1,keyasint"`
	Torrents []state.Hash     `cbor:"2,keyasint,omitempty"` // of the order, when they are not the command's
}

// closed is what is kept of an order that has ended.
type closed struct {
	Result   command.Result `cbor:"1,keyasint"`
	Torrents []state.Hash   `cbor:"2,keyasint,omitempty"`
}

// Names of bodies, so that one is whole while the next is written.
const (
	nameCommand = "command"
	nameResult  = "result"
)

func headKey(id command.ID) string { return "head/" + id.String() }

func partKey(id command.ID, name string, i int) string {
	return "part/" + id.String() + "/" + name + "/" + strconv.Itoa(i)
}

// encodeBody returns what is kept beside the head of o with the state that e gives it, or
// of one that has not ended when e is nil.
func encodeBody(o *order, e *ending) ([]byte, error) {
	if e == nil {
		b := body{Command: o.cmd}
		if !slices.Equal(o.Torrents, o.cmd.Torrents) {
			b.Torrents = o.Torrents
		}
		return cbor.Marshal(b)
	}
	return cbor.Marshal(closed{e.result, listed(o.Torrents)})
}

// listed returns the torrents that an ended order still names.
func listed(torrents []state.Hash) []state.Hash {
	if len(torrents) > maxListed {
		return nil
	}
	return torrents
}

// write keeps an order as it is, with state, or as e ends it. It may be repeated.
func (j journal) write(ctx context.Context, o *order, s State, e *ending, ended time.Time) (size int, err error) {
	value, err := encodeBody(o, e)
	if err != nil {
		return 0, err
	}
	h := head{
		plan: o.plan, Seq: o.seq, User: string(o.User), Box: o.Box, Kind: o.Do, State: s, Of: o.Of,
		Created: o.Created, Expires: o.Expires, Name: nameCommand,
	}
	if e != nil {
		h.State, h.Ended, h.Name = e.state, ended, nameResult
	}
	if len(value) <= inHead {
		h.Body = value
	} else {
		h.Parts = (len(value) + partSize - 1) / partSize
		for i, part := range slices.Collect(slices.Chunk(value, partSize)) {
			if _, err := j.bucket.Put(ctx, partKey(o.ID, h.Name, i), part); err != nil {
				return 0, err
			}
		}
	}
	text, err := json.Marshal(h)
	if err != nil {
		return 0, err
	}
	_, err = j.bucket.Put(ctx, headKey(o.ID), text)
	return len(value) + orderOverhead, err
}

// forget removes an order, its head first.
func (j journal) forget(ctx context.Context, id command.ID) error {
	if err := j.remove(ctx, headKey(id)); err != nil {
		return err
	}
	return errors.Join(j.forgetParts(ctx, id, nameCommand), j.forgetParts(ctx, id, nameResult))
}

// forgetParts removes the parts of a body. Those of one are written in order, so
// the first that is not there is the end.
func (j journal) forgetParts(ctx context.Context, id command.ID, name string) error {
	n := 0
	for ; n < mostParts; n++ {
		if _, err := j.bucket.Get(ctx, partKey(id, name, n)); errors.Is(err, store.ErrNotFound) {
			break
		} else if err != nil {
			return err
		}
	}
	for n--; n >= 0; n-- { // the last first, so that what is left can be found
		if err := j.remove(ctx, partKey(id, name, n)); err != nil {
			return err
		}
	}
	return nil
}

// remove removes what is under key, whatever it is.
func (j journal) remove(ctx context.Context, key string) error {
	e, err := j.bucket.Get(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err = j.bucket.Delete(ctx, key, e.Revision); errors.Is(err, store.ErrConflict) {
		return nil // a repetition of this very write was faster
	}
	return err
}

// load returns all orders, in the order in which they came, and removes parts that
// belong to none.
func (j journal) load(ctx context.Context) ([]*order, error) {
	items, err := j.bucket.All(ctx)
	if err != nil {
		return nil, err
	}
	parts := map[string]store.Entry{}
	heads := map[command.ID]head{}
	for _, item := range items {
		if id, ok := strings.CutPrefix(item.Key, "head/"); ok {
			var h head
			at, err := command.ParseID(id)
			if err != nil || json.Unmarshal(item.Value, &h) != nil {
				return nil, damaged("a head")
			}
			heads[at] = h
			continue
		}
		parts[item.Key] = item.Entry
	}
	var orders []*order
	for id, h := range heads {
		o, err := h.order(id, parts)
		if err != nil {
			return nil, err
		}
		orders = append(orders, o)
	}
	for key, e := range parts { // of no head
		if err := j.bucket.Delete(ctx, key, e.Revision); err != nil && !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	slices.SortFunc(orders, func(a, b *order) int { return cmp.Compare(a.seq, b.seq) })
	return orders, nil
}

func damaged(what string) error {
	return fmt.Errorf("%w: %s of a command cannot be read", store.ErrDamaged, what)
}

// order puts an order together again, and takes what belongs to it out of parts.
func (h head) order(id command.ID, parts map[string]store.Entry) (*order, error) {
	value := h.Body
	for i := range h.Parts {
		key := partKey(id, h.Name, i)
		part, ok := parts[key]
		if !ok {
			return nil, damaged("a part")
		}
		value = append(value, part.Value...)
		delete(parts, key)
	}
	o := &order{
		Order: Order{
			ID: id, Box: h.Box, User: account.User(h.User), Do: h.Kind, State: h.State, Of: h.Of, Done: h.Settled,
			Created: h.Created, Expires: h.Expires, Ended: h.Ended,
		},
		plan: h.plan, seq: h.Seq, resumed: true, waited: true, size: len(value) + orderOverhead, over: make(chan struct{}),
	}
	if h.State.Ended() {
		var c closed
		if cbor.Unmarshal(value, &c) != nil {
			return nil, damaged("a result")
		}
		o.Result, o.Torrents, o.Done = c.Result, c.Torrents, c.Result.Done+c.Result.Failed
		return o, nil
	}
	var b body
	if cbor.Unmarshal(value, &b) != nil || b.Command == nil || b.Command.ID != id {
		return nil, damaged("the body")
	}
	o.cmd, o.Torrents = b.Command, b.Torrents
	if o.Torrents == nil {
		o.Torrents = o.cmd.Torrents
	}
	return o, nil
}
