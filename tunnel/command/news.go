package command

import (
	"context"
	"fmt"
)

// read takes what the box says.
func (s *sending) read(context.Context) error {
	version, err := readHello(s.in, s.codec)
	if err != nil {
		return err
	}
	if version != Version {
		return versionError(Version, version)
	}
	for {
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
func (s *sending) hear(t frameType, body []byte) error {
	switch t {
	case frameProgress:
		return s.progress(body)
	case frameResult:
		return s.result(body)
	case frameTaken:
		return s.tookParts(body)
	case frameKept, frameAgain, frameForgotten:
		id, err := s.codec.name(body)
		if err != nil {
			return err
		}
		return s.noted(t, id)
	}
	return unexpected(t)
}

// noted takes a frame that only names a command.
func (s *sending) noted(t frameType, id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	it := s.items[id]
	switch {
	case t == frameForgotten:
		delete(s.forgetting, id)
	case it == nil || it.held: // its result came first, or home has given it up
	case !it.out:
		return fmt.Errorf("%w: a word about a command that it was not given", errMalformed)
	case t == frameKept:
		s.landedLocked(it)
	case t == frameAgain:
		s.landedLocked(it)
		it.out = false
		s.waiting = append(s.waiting, it)
		wake(s.wake)
	}
	return nil
}

// tookParts makes room for more of a large command.
func (s *sending) tookParts(body []byte) error {
	var n count
	if err := s.codec.decode(body, &n); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = n.Bytes
	wake(s.wake)
	return nil
}

// progress passes on how far a command has come.
func (s *sending) progress(body []byte) error {
	var p Progress
	if err := s.codec.decode(body, &p); err != nil {
		return err
	}
	if p.Done < 0 || p.Of < 0 || p.Done > p.Of {
		return fmt.Errorf("%w: a progress of %d of %d", errMalformed, p.Done, p.Of)
	}
	s.mu.Lock()
	it := s.items[p.ID]
	known := it != nil && it.out && !it.held
	if known {
		s.landedLocked(it)
	}
	s.mu.Unlock()
	if known {
		_ = it.news(Event{Progress: &p}) // progress is not fetched again
	}
	return nil
}

// result passes on what came of a command. Home is done with it when its news could
// be taken. One that is not on its way is of a question that nobody waits for any
// more.
func (s *sending) result(body []byte) error {
	r := &Result{}
	if err := s.codec.decode(body, r); err != nil {
		return err
	}
	if err := r.validate(); err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	s.mu.Lock()
	it := s.items[r.ID]
	if it == nil || it.held {
		s.mu.Unlock()
		return nil
	}
	if !it.out {
		s.mu.Unlock()
		return fmt.Errorf("%w: the result of a command that it was not given", errMalformed)
	}
	s.landedLocked(it)
	it.held = true // until it is known that home has it
	s.mu.Unlock()
	if err := it.news(Event{Result: r}); err != nil {
		s.log.Warn("the result of a command could not be kept; it is fetched again", "error", err)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropLocked(it)
	if !it.c.Kind.Question() {
		s.forgetting[r.ID] = struct{}{}
		s.forgets = append(s.forgets, r.ID)
		wake(s.wake)
	}
	return nil
}
