package mirror

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// Source sends a State to followers, any number at a time.
//
// A state that has never been touched and has no torrents says nothing about
// torrents yet (an agent has just started). Until it does, followers are told
// the session and the host only and keep the torrents they have.
type Source struct {
	State *state.State
	// Interest is told whether a follower looks. Within one Run the calls
	// alternate: Watching, Idle, Watching ..., and one that was told Watching is
	// told Idle before Run returns; so a counter over all Runs is enough to know
	// whether anybody looks. It must not block. It may be nil.
	Interest func(ctx context.Context, l Level)
	// Details has what followers want to know of the torrents they have open. It
	// may be nil.
	Details Details
	// Cover sends, once a follower has the state, frames of one size at times
	// that do not depend on what there is to say, nor on who looks.
	Cover bool
	Log   *slog.Logger
}

// Run serves one follower until the connection breaks or ctx ends. It closes
// rw, and returns when its goroutines have ended: ctx's error if ctx has ended,
// io.EOF if the follower closed between two frames, ErrVersion if the two do not
// fit, and else what went wrong.
func (s *Source) Run(ctx context.Context, rw io.ReadWriteCloser) error {
	f := &feed{source: s, wake: make(chan struct{}, 1), window: newWindow(), details: wire.NewDetailEncoder()}
	err := run(ctx, rw, func() (connection, error) { return f, f.open(rw) })
	f.setCare(context.WithoutCancel(ctx), care{})
	s.Log.Debug("follower gone", "err", err)
	return err
}

// open answers the follower's Hello.
func (f *feed) open(rw io.ReadWriter) (err error) {
	if f.in, err = wire.NewReader(rw, wire.TypeHello, wire.TypeAck, wire.TypeInterest, wire.TypeResync); err != nil {
		return err
	}
	if f.out, err = wire.NewWriter(rw); err != nil {
		return err
	}
	frame, err := f.in.Next()
	if err != nil {
		return err
	}
	hello, ok := frame.(*wire.Hello)
	if !ok {
		return unexpected(frame)
	}
	if hello.Version != wire.Version {
		return f.refuse(hello.Version)
	}
	base := f.base(hello)
	f.source.Log.Debug("follower came", "resume", base != 0)
	f.began = time.Now()
	f.begin(base)
	return f.send(&wire.Welcome{Version: wire.Version, Epoch: f.source.State.Version().Epoch, Cover: f.source.Cover})
}

// base returns the sequence from which the follower can be told the difference,
// 0 when it needs a snapshot.
func (f *feed) base(hello *wire.Hello) (seq uint64) {
	f.source.State.View(func(r state.Reader) {
		if hello.Epoch == r.Version().Epoch && r.Knows(hello.Seq) {
			seq = hello.Seq
		}
	})
	return seq
}

func (f *feed) refuse(home uint32) error {
	reason := versionError(home, wire.Version)
	if err := f.send(&wire.Refuse{Version: wire.Version, Code: wire.RefuseVersion, Text: reason.Error()}); err != nil {
		return fmt.Errorf("%w; telling home: %w", reason, err)
	}
	return reason
}

// send writes a frame at once.
func (f *feed) send(frame wire.Frame) error {
	if _, err := f.out.Write(frame); err != nil {
		return err
	}
	_, err := f.out.Pad()
	return err
}

// read takes what the follower says.
func (f *feed) read(ctx context.Context) error {
	for {
		frame, err := f.in.Next()
		if err != nil {
			return err
		}
		switch frame := frame.(type) {
		case *wire.Ack:
			f.mu.Lock()
			f.acked = frame.Frames
			f.mu.Unlock()
		case *wire.Resync:
			f.source.Log.Warn("follower asks for a snapshot: the two states have diverged")
			f.mu.Lock()
			f.resync = true
			f.mu.Unlock()
		case *wire.Interest:
			now := care{level: min(Level(frame.Level), Exact), changed: true}
			for _, h := range frame.Open {
				now.open = append(now.open, state.Hash(h))
			}
			f.setCare(ctx, now)
		default:
			return unexpected(frame)
		}
		wake(f.wake)
	}
}

func (f *feed) setCare(ctx context.Context, now care) {
	f.mu.Lock()
	looked := f.care.level != Idle
	f.care = now
	f.mu.Unlock()
	if looks := now.level != Idle; looks != looked && f.source.Interest != nil {
		f.source.Interest(ctx, min(now.level, Watching))
	}
}
