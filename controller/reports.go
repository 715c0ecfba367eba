package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/controller/internal/view"
	"offing/controller/internal/web"
	"offing/tunnel"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// reports implements web.Boxes.
type reports struct {
	fleet *fleet.Fleet
	views *view.Views
}

// Status implements web.Boxes. Whoever asks looks at the boxes, so they are
// polled often, and tell every byte, for some seconds.
func (r reports) Status(ctx context.Context, p account.Principal) ([]report.Box, error) {
	r.ask(ctx, r.views.Boxes(p)...)
	boxes := []report.Box{}
	for _, b := range r.views.Boxes(p) {
		boxes = append(boxes, *document(b, report.Status))
	}
	return boxes, nil
}

// List implements web.Boxes. A box of which p may see nothing is as unknown as
// one that is not there, once it is known what it has.
func (r reports) List(ctx context.Context, p account.Principal, name string) (*report.Box, error) {
	b, err := r.box(p, name)
	if err != nil {
		return nil, err
	}
	r.ask(ctx, b)
	if b, err = r.box(p, name); err != nil {
		return nil, err
	}
	return document(b, report.List), nil
}

// ask has the figures of these boxes be exact.
func (r reports) ask(ctx context.Context, boxes ...fleet.Box) {
	names := make([]string, 0, len(boxes))
	for _, b := range boxes {
		names = append(names, b.Name)
	}
	r.fleet.Ask(ctx, names...)
}

// box returns a box as p may see it, or the error of one of which p may see nothing.
func (r reports) box(p account.Principal, name string) (fleet.Box, error) {
	is := func(b fleet.Box) bool { return b.Name == name }
	seen := r.views.Boxes(p)
	if i := slices.IndexFunc(seen, is); i >= 0 {
		return seen[i], nil
	}
	err := r.unheard(is)
	if err == nil {
		err = web.ErrUnknownBox
	}
	return fleet.Box{}, err
}

// unheard returns fleet.Unheard of the first of some boxes when it is not known of any
// of them what they have.
func (r reports) unheard(of func(fleet.Box) bool) error {
	var first error
	for _, b := range r.fleet.Boxes() {
		if !of(b) {
			continue
		}
		err := fleet.Unheard(b.Name, b.State)
		if err == nil {
			return nil
		}
		first = cmp.Or(first, err)
	}
	return first
}

// Reload implements web.Boxes.
func (r reports) Reload(context.Context) error { return r.fleet.Reload() }

// document makes the report of a box, with what home knows of its line. A line
// that is not up is the first trouble: the rest may be old.
func document(b fleet.Box, make func(*state.State, time.Time) *report.Box) *report.Box {
	doc := make(b.State, time.Now())
	doc.Box, doc.Line = b.Name, &b.Line
	if b.Line.State != string(tunnel.Up) {
		text := b.Line.Reason
		if text == "" {
			text = fmt.Sprintf("the line is not up yet: %s", b.Line.State)
		}
		doc.Trouble = slices.Insert(doc.Trouble, 0, text)
	}
	return doc
}
