package command

import (
	"context"
	"time"
)

// What the box holds for a home that does not read.
const (
	replyBytes   = 4 << 20                // of replies, before results wait with the Executor
	progressRest = 250 * time.Millisecond // between two words of progress
)

// reply is a frame that is to be said.
type reply struct {
	t    frameType
	body []byte
}

// say has a frame said in its turn.
func (s *serving) say(t frameType, v any) error {
	body, err := s.codec.encode(v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sayLocked(reply{t, body})
	return nil
}

func (s *serving) sayLocked(r reply) {
	if s.ended {
		return
	}
	s.replies = append(s.replies, r)
	s.bytes += len(r.body)
	wake(s.wake)
}

// news is what the Executor says of a command, maybe long after the connection.
func (s *serving) news(id ID, e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
	case e.Progress != nil:
		s.progress[id] = *e.Progress
		wake(s.wake)
	case s.bytes >= replyBytes:
		delete(s.progress, id)
		s.again = append(s.again, id)
	default:
		delete(s.progress, id)
		body, err := s.codec.encode(e.Result.bounded())
		if err != nil {
			s.log.Error("the result of a command cannot be told", "error", err)
			return
		}
		s.sayLocked(reply{frameResult, body})
	}
}

// waitForRoom lets nothing more in while home does not take what there is to say.
func (s *serving) waitForRoom(ctx context.Context) error {
	for {
		s.mu.Lock()
		full := s.bytes >= replyBytes
		s.mu.Unlock()
		if !full {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.room:
		}
	}
}

// end makes what the Executor still says fall to the ground.
func (s *serving) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.replies, s.progress, s.again = nil, nil, nil
}

// write says hello and then what there is to say. Progress is told now and then.
func (s *serving) write(ctx context.Context) error {
	if err := addHello(s.out, s.codec); err != nil {
		return err
	}
	rest := time.NewTimer(0)
	defer rest.Stop()
	quiet := false // progress was told a moment ago
	for {
		more, told, err := s.batch(!quiet)
		if err == nil {
			err = s.out.flush()
		}
		if err != nil {
			return err
		}
		wake(s.room)
		if told {
			quiet = true
			rest.Reset(progressRest)
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		case <-rest.C:
			quiet = false
		}
	}
}

// batch puts together what is said next. It tells whether there is more at once, and
// whether progress was told.
func (s *serving) batch(progress bool) (more, told bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for ; n < len(s.replies) && len(s.out.batch) < batchSize; n++ {
		s.out.add(s.replies[n].t, s.replies[n].body)
		s.bytes -= len(s.replies[n].body)
	}
	if s.replies = s.replies[n:]; len(s.replies) > 0 {
		return true, false, nil
	}
	s.replies = nil
	if s.taken != s.told {
		s.told = s.taken
		err = s.addLocked(frameTaken, &count{Bytes: s.taken})
	}
	for _, id := range s.again {
		err = s.addLocked(frameAgain, &name{ID: id})
	}
	s.again = nil
	if !progress || len(s.progress) == 0 {
		return false, false, err
	}
	for _, p := range s.progress {
		err = s.addLocked(frameProgress, &p)
	}
	clear(s.progress)
	return false, true, err
}

// addLocked puts a frame into the batch.
func (s *serving) addLocked(t frameType, v any) error {
	body, err := s.codec.encode(v)
	if err == nil {
		s.out.add(t, body)
	}
	return err
}
