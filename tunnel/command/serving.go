package command

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// serving is the box's end of one connection.
type serving struct {
	e     Executor
	home  string
	log   *slog.Logger
	codec codec
	in    *reader
	out   *writer
	wake  chan struct{} // capacity one: there is something to say
	room  chan struct{} // capacity one: there is less to say than there was

	large []byte // what has come of a command that comes in parts; of the reading half

	mu       sync.Mutex
	ended    bool // nothing more is said
	replies  []reply
	bytes    int             // of replies
	progress map[ID]Progress // the newest of each command
	again    []ID            // whose results had no room
	taken    uint64          // bytes of parts
	told     uint64          // of taken
}

// read takes what home says.
func (s *serving) read(ctx context.Context) error {
	version, err := readHello(s.in, s.codec)
	if err != nil {
		return err
	}
	if version != Version {
		return versionError(version, Version)
	}
	for {
		if err := s.waitForRoom(ctx); err != nil {
			return err
		}
		t, body, err := s.in.next()
		if err == nil {
			err = s.hear(t, body)
		}
		if err != nil {
			return err
		}
	}
}

// hear takes one frame.
func (s *serving) hear(t frameType, body []byte) error {
	switch t {
	case frameCommand:
		return s.command(body)
	case framePart, frameLast:
		return s.part(t, body)
	case frameCancel, frameForget:
		id, err := s.codec.name(body)
		if err != nil {
			return err
		}
		if t == frameCancel {
			s.e.Cancel(s.home, id)
			return nil
		}
		s.e.Forget(s.home, id)
		return s.say(frameForgotten, &name{ID: id})
	}
	return unexpected(t)
}

// part takes a part of a large command.
func (s *serving) part(t frameType, body []byte) error {
	s.mu.Lock()
	s.taken += uint64(len(body))
	s.mu.Unlock()
	wake(s.wake)
	if len(s.large)+len(body) > maxLarge {
		return errors.Join(errMalformed, errors.New("a command beyond its limits"))
	}
	s.large = append(s.large, body...)
	if t == framePart && len(body) > 0 {
		return nil
	}
	whole := s.large
	if s.large = nil; t == framePart { // home has given it up
		return nil
	}
	return s.command(whole)
}

// command has a command done.
func (s *serving) command(body []byte) error {
	c := &Command{}
	if err := s.codec.decode(body, c); err != nil {
		return err
	}
	err := c.Check()
	if err == nil {
		err = s.e.Do(s.home, c, func(e Event) { s.news(c.ID, e) })
		if err == nil {
			return s.say(frameKept, &name{ID: c.ID})
		}
		s.log.Warn("a command was not taken", "kind", c.Kind, "error", err)
	}
	fault := (*Fault)(nil)
	if !errors.As(err, &fault) {
		fault = &Fault{Code: Interrupted, Text: "the agent could not note the command down, so that nothing was done; see its log on the box, and try again"}
	}
	return s.say(frameResult, (&Result{ID: c.ID, Fault: fault}).bounded())
}
