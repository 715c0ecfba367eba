package rpc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// Tuning.
const (
	patience     = 20 * time.Second // for what a box does
	downPatience = 2 * time.Second  // when its line is not up
	cancelWait   = 2 * time.Second  // for what came of giving up
)

// simple is a method that does one thing with torrents and has no arguments but them.
func (e *Endpoint) simple(kind command.Kind) method {
	return func(ctx context.Context, who asker, c *call) ([]byte, *problem) {
		return nil, e.doTo(ctx, who, c, command.Command{Kind: kind})
	}
}

// doTo does something with the torrents of a request.
func (e *Endpoint) doTo(ctx context.Context, who asker, c *call, what command.Command) *problem {
	least := owners.Own
	switch what.Kind {
	case command.Start, command.StartNow, command.Stop, command.Verify, command.Reannounce:
		least = owners.Act
	}
	keys, fault := e.targets(ctx, who, c, least)
	if fault != nil || len(keys) == 0 {
		return fault
	}
	_, fault = e.order(ctx, who, control.Request{Command: what, Torrents: keys})
	return fault
}

// targets returns the torrents that a request is to do something with: those that it
// names and the asker may see, for control says what they may do with them; or, when it
// names none, all with which they may do it. What is not there, or not for them to see,
// is left out without a word, as a daemon does.
func (e *Endpoint) targets(ctx context.Context, who asker, c *call, least owners.Access) ([]owners.Key, *problem) {
	if string(c.params["ids"]) == "null" {
		return nil, badParams // "none" is not "all"
	}
	boxes, fault := e.known(who)
	if fault != nil {
		return nil, fault
	}
	chosen, err := e.choose(ctx, who, boxes, c.params["ids"])
	if err != nil {
		return nil, e.failed(ctx, err)
	}
	var keys []owners.Key
	for _, b := range boxes {
		found, _, err := e.find(ctx, who, b, chosen)
		if err != nil {
			return nil, e.failed(ctx, err)
		}
		for _, one := range found {
			if len(chosen.keys) > 0 || one.access >= least {
				keys = append(keys, owners.Key{Box: b.Name, Hash: one.hash})
			}
		}
	}
	return keys, nil
}

// torrentRemove never means all torrents: whoever wants that names them.
func (e *Endpoint) torrentRemove(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	if _, ok := c.params["ids"]; !ok {
		return nil, &problem{codeInvalidParams, "name the torrents that are to be removed"}
	}
	data := c.params.bool("delete_local_data")
	what := command.Command{Kind: command.Remove, Remove: &command.Removal{Data: data != nil && *data}}
	return nil, e.doTo(ctx, who, c, what)
}

func (e *Endpoint) torrentSetLocation(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	dir, move := c.params.text("location"), c.params.bool("move")
	if dir == nil || *dir == "" {
		return nil, &problem{codeInvalidParams, "say the folder where the torrent is to be (location)"}
	}
	what := command.Command{Kind: command.Move, Move: &command.Moving{Dir: *dir, Find: move == nil || !*move}}
	return nil, e.doTo(ctx, who, c, what)
}

func (e *Endpoint) torrentRenamePath(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	path, name := c.params.text("path"), c.params.text("name")
	if path == nil || name == nil {
		return nil, &problem{codeInvalidParams, "say what is to be renamed (path), and to what (name)"}
	}
	keys, fault := e.targets(ctx, who, c, owners.Own)
	if fault == nil && len(keys) != 1 {
		fault = &problem{codeInvalidParams, "name one torrent in which something is to be renamed"}
	}
	if fault != nil {
		return nil, fault
	}
	what := command.Command{Kind: command.Rename, Rename: &command.Renaming{Path: *path, Name: *name}}
	if _, fault := e.order(ctx, who, control.Request{Command: what, Torrents: keys}); fault != nil {
		return nil, fault
	}
	id, err := e.numberOf(ctx, who, keys[0])
	if err != nil {
		return nil, e.failed(ctx, err)
	}
	o := object{b: []byte{'{'}, style: c.style}
	o.int(camel("id"), id)
	o.text(wordName, *name)
	o.text(camel("path"), *path)
	return append(o.b, '}'), nil
}

// numberOf returns the number that a torrent has for somebody, who may see it.
func (e *Endpoint) numberOf(ctx context.Context, who asker, k owners.Key) (int64, error) {
	one := []chosen{{hash: k.Hash}}
	err := e.number(ctx, who, k.Box, one)
	return one[0].id, err
}

// order has control do something, and waits for what comes of it. It returns the
// orders as they are then; each has ended, or the problem says what is with it.
func (e *Endpoint) order(ctx context.Context, who asker, r control.Request) ([]control.Order, *problem) {
	orders, err := e.cfg.Control.Do(ctx, who.Principal, r)
	if err != nil {
		return nil, e.explain(ctx, err)
	}
	wait := downPatience
	for _, b := range e.cfg.Boxes.Boxes() {
		for i := range orders {
			if orders[i].Box == b.Name && b.Line.State == lineUp {
				wait = patience
			}
		}
	}
	waiting, stop := context.WithTimeout(ctx, wait)
	defer stop()
	for i := range orders {
		if orders[i], err = e.cfg.Control.Wait(waiting, who.Principal, orders[i].ID); err != nil {
			return nil, e.explain(ctx, err)
		}
		if !orders[i].State.Ended() {
			orders[i] = e.giveUp(ctx, who, orders[i])
		}
	}
	return orders, outcome(orders)
}

// giveUp takes back what the box has not done: an app that is told of a failure tries
// again, or something else, and nothing shall happen behind its back. What the box has
// begun goes on.
func (e *Endpoint) giveUp(ctx context.Context, who asker, o control.Order) control.Order {
	if err := e.cfg.Control.Cancel(ctx, who.Principal, o.ID); err != nil && !errors.Is(err, control.ErrTooLate) {
		return o
	}
	waiting, stop := context.WithTimeout(ctx, cancelWait)
	defer stop()
	if now, err := e.cfg.Control.Wait(waiting, who.Principal, o.ID); err == nil {
		if now.Why == "" {
			now.Why = o.Why
		}
		return now
	}
	return o
}

// outcome says what came of orders together; nil when all was done.
func outcome(orders []control.Order) *problem {
	for i := range orders {
		o := &orders[i]
		switch {
		case o.State.Ended() && o.Result.Added != nil:
			continue // it is there, whatever could not be set after; told of a failure, an app adds it again
		case o.State == control.Cancelled:
			return &problem{codeSystem, "not done: " + whyOf(o)}
		case !o.State.Ended():
			return &problem{codeSystem, "the box has not answered yet, and may still do it: " + whyOf(o)}
		case o.State == control.Expired:
			return &problem{codeSystem, "not done: it has waited for too long"}
		case o.Result.Fault != nil:
			return ofFault(o.Result.Fault)
		case o.Result.Failed > 0:
			return ofFailures(&o.Result)
		case o.State == control.Failed:
			return &problem{codeSystem, "not done"}
		}
	}
	return nil
}

func whyOf(o *control.Order) string {
	if o.Why != "" {
		return o.Why
	}
	return "the box " + o.Box + " did not answer in time"
}

// ofFailures tells of the first of the torrents with which something was not done.
func ofFailures(r *command.Result) *problem {
	text := "not done"
	code := codeSystem
	if len(r.Faults) > 0 {
		p := ofFault(&r.Faults[0].Fault)
		text, code = p.text, p.code
	}
	if r.Done > 0 {
		text = fmt.Sprintf("done with %d torrents, but not with %d: %s", r.Done, r.Failed, text)
	}
	return &problem{code, text}
}

func ofFault(f *command.Fault) *problem {
	code := codeSystem
	switch f.Code {
	case command.BadTorrent:
		code = codeNoTorrent
	case command.NoFetch, command.ForbiddenURL:
		code = codeHTTP
	case command.BadCommand, command.NoTorrents:
		code = codeInvalidParams
	}
	text := strings.TrimSpace(f.Text)
	if text == "" {
		text = "not done: " + string(f.Code)
	}
	return &problem{code, text}
}

// explain turns an error of control into words. What is not known goes to the log only.
func (e *Endpoint) explain(ctx context.Context, err error) *problem {
	var fault *command.Fault
	var quota *owners.QuotaError
	switch {
	case errors.As(err, &fault):
		return ofFault(fault)
	case errors.As(err, &quota):
		return &problem{codeSystem, quota.Error()}
	}
	for _, known := range []error{
		control.ErrUnknownBox, control.ErrNotAllowed, control.ErrMayOnlySee, control.ErrTooMany, control.ErrTooLate,
		control.ErrUnknownCommand, control.ErrNameTaken, owners.ErrUnknownTorrent, owners.ErrNoRoom,
	} {
		if errors.Is(err, known) {
			return &problem{codeSystem, known.Error()}
		}
	}
	if errors.Is(err, owners.ErrNotOwner) {
		return &problem{codeSystem, "only an owner of the torrent may do this"}
	}
	return e.failed(ctx, err)
}

// box returns the one box of a request that is about none of its torrents.
func (e *Endpoint) box(who asker) (string, *state.State, *problem) {
	boxes := e.boxesOf(who)
	switch {
	case len(boxes) == 1:
		return boxes[0].Name, boxes[0].State, nil
	case len(boxes) == 0:
		return "", nil, &problem{codeSystem, "there is no such box"}
	}
	return "", nil, &problem{codeSystem, "there are several boxes: use the address of one of them, /boxes/NAME/transmission/rpc"}
}
