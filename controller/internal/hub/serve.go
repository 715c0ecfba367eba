package hub

import (
	"context"
	"errors"
	"sync"
	"time"

	"offing/controller/internal/account"
)

// Tuning.
const (
	openWithin  = 10 * time.Second       // from the connection to its ticket
	storeWithin = 5 * time.Second        // what a ticket's making may take
	lastWords   = 500 * time.Millisecond // what an error frame may take before the connection is closed
	minRotation = 10 * time.Second       // least time between two tickets
)

// Serve speaks the protocol on conn until either side ends it, and closes it.
// It returns nil when the page ended it.
func (h *Hub) Serve(ctx context.Context, conn Conn, door Doorman) error {
	if !h.enter() {
		return closing(conn, endGoingAway)
	}
	defer h.exit()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.ctx, cancel)()

	who, end := open(ctx, conn, door)
	if end == nil {
		end = h.serve(ctx, conn, door, who)
	}
	if end.detail != nil {
		h.log.Error("a ticket could not be handled", "err", end.detail)
	}
	return closing(conn, end)
}

// closing closes conn and returns what Serve returns.
func closing(conn Conn, end *ending) error {
	_ = conn.Close(end.code, end.reason()) // it may be closed already
	if end == endByPage {
		return nil
	}
	return end
}

// open takes the first message and lets its ticket in. On an ending it has
// told the page.
func open(ctx context.Context, conn Conn, door Doorman) (account.Principal, *ending) {
	ctx, cancel := context.WithTimeoutCause(ctx, openWithin, endNoTicket)
	defer cancel()
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		end := endGoingAway
		errors.As(context.Cause(ctx), &end)
		_ = conn.Close(end.code, end.reason())
	})
	message, err := conn.Read()
	if !stop() {
		<-closed
		end := endGoingAway
		errors.As(context.Cause(ctx), &end)
		return account.Principal{}, end
	}
	if err != nil {
		return account.Principal{}, endByPage
	}
	who, end := admit(ctx, message, door)
	if end != nil {
		_ = conn.Write(errorFrame(end)) // the connection ends, whether it arrives or not
	}
	return who, end
}

// admit holds the first message against the door.
func admit(ctx context.Context, message []byte, door Doorman) (account.Principal, *ending) {
	r, err := decode(message)
	if err != nil {
		return account.Principal{}, badFrame(err)
	}
	if r.Op != opOpen {
		return account.Principal{}, endNotOpened
	}
	who, err := door.OpenTicket(ctx, r.Ticket)
	if err != nil {
		return account.Principal{}, refusedTicket(err)
	}
	return who, nil
}

// serve runs an admitted connection. When it returns nothing uses conn.
func (h *Hub) serve(ctx context.Context, conn Conn, door Doorman, who account.Principal) *ending {
	s := &session{conn: conn, hub: h, who: who, view: h.views.View(who), news: make(chan struct{}, 1)}
	life, err := s.rotate(ctx, opOpened, door)
	if err != nil {
		end := unissued(err)
		_ = conn.Write(errorFrame(end)) // the connection ends, whether it arrives or not
		return end
	}
	reading, cancel := context.WithCancel(ctx)
	ends := make(chan *ending, 2)
	last := make(chan []byte, 1)
	written := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { ends <- s.read(reading) })
	wg.Go(func() {
		defer close(written)
		if end := s.write(last); end != nil {
			ends <- end
		}
	})
	end := s.watch(ctx, ends, door, life)
	last <- errorFrame(end)
	select {
	case <-written:
	case <-time.After(lastWords):
	}
	_ = conn.Close(end.code, end.reason()) // makes both return
	cancel()
	wg.Wait()
	s.leaveAll()
	return end
}

// watch hands the page new tickets until the connection is to end; the one that
// it has is good for life.
func (s *session) watch(ctx context.Context, ends <-chan *ending, door Doorman, life time.Duration) *ending {
	ended := door.Ended(s.who.Session)
	for {
		select {
		case end := <-ends:
			return end
		case <-ended:
			return endSession
		case <-ctx.Done():
			return endGoingAway
		case <-time.After(max(life/2, minRotation)):
		}
		var err error
		if life, err = s.rotate(ctx, opTicket, door); err != nil {
			return unissued(err)
		}
	}
}

// rotate hands the page a new ticket, and returns how long it is good for.
func (s *session) rotate(ctx context.Context, op string, door Doorman) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	ticket, life, err := door.IssueTicket(ctx, s.who)
	if err != nil {
		return 0, err
	}
	s.hand(ticketFrame(op, ticket, life))
	return life, nil
}
