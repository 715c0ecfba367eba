package command

import (
	"context"
	"slices"
)

// How much goes out at a time, so that what comes next need not wait for long.
const (
	batchSize  = 24 << 10  // bytes of commands, about, before they are handed to the line
	partWindow = 256 << 10 // bytes of parts that the box has not said to have taken
)

// sending is home's end of one connection.
type sending struct {
	*Outbox
	codec codec
	in    *reader
	out   *writer

	// Under Outbox.mu.
	waiting []*item // that have not gone out over this connection, in their order
	forgets []ID
	cancels []ID
	taken   uint64 // bytes of parts, by the box

	// What follows belongs to the writing half.
	large *item  // that goes in parts; nil without one
	rest  []byte // of it
	sent  uint64 // bytes of parts
}

// write says hello and then what there is to say.
func (s *sending) write(ctx context.Context) error {
	if err := addHello(s.out, s.codec); err != nil {
		return err
	}
	for {
		busy, err := s.batch()
		if err == nil {
			err = s.out.flush()
		}
		if err != nil {
			return err
		}
		if busy {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		}
	}
}

// batch puts together what goes out next: what home has done with, commands, and at
// most one part of a large one. It tells whether there is more at once.
func (s *sending) batch() (busy bool, err error) {
	s.mu.Lock()
	forgets, cancels := s.forgets, s.cancels
	s.forgets, s.cancels = nil, nil
	s.mu.Unlock()
	if err := s.names(frameForget, forgets); err != nil {
		return false, err
	}
	for len(s.out.batch) < batchSize {
		it := s.take()
		if it == nil {
			break
		}
		busy = true
		if err := s.command(it); err != nil {
			return false, err
		}
	}
	// Behind the commands: each of these has gone out before or with this batch.
	if err := s.names(frameCancel, cancels); err != nil {
		return false, err
	}
	return s.part() || busy, nil
}

// names adds a frame for each command.
func (s *sending) names(t frameType, ids []ID) error {
	for _, id := range ids {
		body, err := s.codec.encode(&name{ID: id})
		if err != nil {
			return err
		}
		s.out.add(t, body)
	}
	return nil
}

// take returns the next command that goes out, or nil. Behind a large one that is on
// its way come those that are not; a second one waits for the first.
func (s *sending) take() *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, it := range s.waiting {
		if s.large != nil && it.c.large() {
			continue
		}
		if s.flight.n > 0 && (s.flight.n >= flightCommands || s.flight.bytes+it.size > flightBytes) {
			return nil
		}
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.flight.n++
		s.flight.bytes += it.size
		it.counts = true
		if !it.c.large() {
			s.wentOutLocked(it)
		}
		return it
	}
	return nil
}

// wentOutLocked notes that all of a command is in the batch.
func (s *sending) wentOutLocked(it *item) {
	it.gone, it.out = true, true
	if it.cancel {
		s.cancels = append(s.cancels, it.c.ID)
		wake(s.wake)
	}
}

// command adds a command's frame, or begins a large one.
func (s *sending) command(it *item) error {
	body, err := s.codec.encode(it.c)
	if err != nil {
		return err
	}
	if it.c.large() {
		s.large, s.rest = it, body
		return nil
	}
	s.out.add(frameCommand, body)
	return nil
}

// part adds the next part of the large command under way, if the box has room, and
// tells whether it did. One that was cancelled ends with an empty part.
func (s *sending) part() bool {
	if s.large == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.items[s.large.c.ID] != s.large:
		s.out.add(framePart, nil)
		s.large, s.rest = nil, nil
	case s.sent-s.taken >= partWindow:
		return false
	case len(s.rest) > partSize:
		s.out.add(framePart, s.rest[:partSize])
		s.rest = s.rest[partSize:]
		s.sent += partSize
	default:
		s.out.add(frameLast, s.rest)
		s.sent += uint64(len(s.rest))
		s.wentOutLocked(s.large)
		s.large, s.rest = nil, nil
	}
	return true
}
