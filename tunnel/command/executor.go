package command

import (
	"context"
	"io"
	"log/slog"
)

// Executor does commands on a box. Its methods are called by many goroutines, and
// home tells the controllers apart.
type Executor interface {
	// Do sees to it that c is done once, however often and over whatever connection it
	// comes: a command that is known is not done again, and the news of it goes to who
	// asked last. It returns when the command is safely in the journal; news is called
	// later, in order, and must not block. Questions are not kept. An error means that
	// nothing was kept and nothing will be done.
	Do(home string, c *Command, news func(Event)) error
	// Cancel gives up a command that has not begun; the news of it is a Result.
	Cancel(home string, id ID)
	// Forget lets a result go that home has kept.
	Forget(home string, id ID)
}

// Serve is the box's end: it reads commands from one connection of a controller
// until it or ctx ends, and hands those that keep to the vocabulary to e, in their
// order. It closes rw, and returns when its goroutines have ended: ctx's error if ctx
// has ended, io.EOF if home closed between two frames, ErrVersion if the two do not
// fit, and else what went wrong. When home does not read, progress is joined, and
// results for which there is no room are asked for again.
func Serve(ctx context.Context, rw io.ReadWriteCloser, home string, e Executor, log *slog.Logger) error {
	c, err := newCodec()
	if err != nil {
		rw.Close()
		return err
	}
	s := &serving{
		e: e, home: home, log: log, codec: c, in: newReader(rw, fromHome), out: &writer{w: rw},
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1), progress: make(map[ID]Progress),
	}
	err = carry(ctx, rw, s.read, s.write)
	s.end()
	log.Debug("the command channel ended", "error", err)
	return err
}
