package fanout

import (
	"fmt"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
)

// maxBoards is how many topics everybody sees alike: t0 to t15.
const maxBoards = 16

// show is the hub.Views of the benchmark: boards, and beside them each person's
// own view of the box.
type show struct {
	hub.Views
	boards []*board // in their order
	named  map[string]*board
}

func newShow(views hub.Views) *show {
	s := &show{Views: views, named: make(map[string]*board)}
	for i := range maxBoards {
		b := newBoard()
		s.boards = append(s.boards, b)
		s.named[fmt.Sprintf("t%d", i)] = b
	}
	return s
}

// View implements hub.Views.
func (s *show) View(p account.Principal, topic string) string {
	if s.named[topic] != nil {
		return "everybody"
	}
	return s.Views.View(p, topic)
}

// Feed implements hub.Views.
func (s *show) Feed(p account.Principal, topic string) (hub.Feed, bool) {
	if b := s.named[topic]; b != nil {
		return b, true
	}
	return s.Views.Feed(p, topic)
}
