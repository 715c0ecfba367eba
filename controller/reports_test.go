package controller

import (
	"slices"
	"testing"

	"offing/controller/internal/fleet"
	"offing/tunnel"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// What is wrong with the line comes before what the box said when it was last
// heard of.
func TestDocumentOfALineThatIsDown(t *testing.T) {
	s := state.New(1)
	if err := s.Update(func(tx *state.Tx) error {
		tx.SetSession(state.Session{Daemon: state.DaemonUnreachable, DaemonText: "nothing answers"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line report.Line
		want []string
	}{
		{report.Line{State: string(tunnel.Down), Reason: "the line broke"}, []string{"the line broke", "nothing answers"}},
		{report.Line{State: string(tunnel.Starting)}, []string{"the line is not up yet: starting", "nothing answers"}},
		{report.Line{State: string(tunnel.Up)}, []string{"nothing answers"}},
	} {
		doc := document(fleet.Box{Name: "demo", State: s, Line: c.line}, report.Status)
		if doc.Box != "demo" || *doc.Line != c.line || !slices.Equal(doc.Trouble, c.want) {
			t.Errorf("line %+v: box %q, line %+v, trouble %q, want %q", c.line, doc.Box, *doc.Line, doc.Trouble, c.want)
		}
	}
}
