package command

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"testing"
)

// seeds adds conversations to a corpus: whole ones, and each hostile frame.
func seeds(f *testing.F, frames func(w *writer, c codec)) {
	c, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	n := 0
	add := func(say func(w *writer)) {
		var b bytes.Buffer
		w := &writer{w: &b}
		if err := addHello(w, c); err != nil {
			f.Fatal(err)
		}
		say(w)
		if err := w.flush(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		n++
	}
	add(func(*writer) {})
	add(func(w *writer) { frames(w, c) })
	for _, h := range hostile {
		body, err := hex.DecodeString(h.body)
		if err != nil {
			f.Fatal(err)
		}
		add(func(w *writer) { w.add(h.t, body) })
	}
	if n < 10 {
		f.Fatal("a corpus of nothing")
	}
}

// resealed makes the checksums of frames right, so that fuzzing reaches what is behind
// them.
func resealed(data []byte, accept []frameType) []byte {
	var out bytes.Buffer
	w := &writer{w: &out}
	for len(data) > 2 {
		t, n := frameType(data[0]), int(data[1])|int(data[2])<<8
		if data = data[3:]; int(t) < 128 {
			t = accept[int(t)%len(accept)]
		}
		n = min(n, len(data), t.limit())
		w.add(t, data[:n])
		data = data[n:]
	}
	out.Write(w.batch)
	return out.Bytes()
}

// stub is a line whose other end says something and then nothing more.
type stub struct {
	io.Reader
	io.Writer
}

func (stub) Close() error { return nil }

// taker takes commands, and fails for one that Check would not let pass.
type taker struct{ t *testing.T }

func (e taker) Do(_ string, c *Command, news func(Event)) error {
	if err := c.Check(); err != nil {
		e.t.Errorf("the executor is given %+v: %v", c, err)
	}
	news(Event{Result: &Result{ID: c.ID, Done: len(c.Torrents)}})
	return nil
}
func (taker) Cancel(string, ID) {}
func (taker) Forget(string, ID) {}

// FuzzServe has a box hear anything.
func FuzzServe(f *testing.F) {
	seeds(f, func(w *writer, c codec) {
		for _, command := range []*Command{stopOf(1), addOf(2, 100), {ID: idOf(3), Kind: FreeSpace}} {
			body, _ := c.encode(command)
			w.add(frameCommand, body)
			w.add(framePart, body[:10])
			w.add(frameLast, body[10:])
		}
		body, _ := c.encode(&name{idOf(1)})
		w.add(frameCancel, body)
		w.add(frameForget, body)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, b := range [][]byte{data, resealed(data, fromHome)} {
			err := Serve(context.Background(), stub{bytes.NewReader(b), io.Discard}, "home", taker{t}, slog.New(slog.DiscardHandler))
			expectEnd(t, err)
		}
	})
}

// FuzzOutbox has a home hear anything.
func FuzzOutbox(f *testing.F) {
	seeds(f, func(w *writer, c codec) {
		for t, v := range map[frameType]any{
			frameKept: &name{idOf(1)}, frameProgress: &Progress{ID: idOf(1), Done: 1, Of: 2}, frameForgotten: &name{idOf(1)},
			frameResult: failures(idOf(1)), frameAgain: &name{idOf(2)}, frameTaken: &count{100},
		} {
			body, _ := c.encode(v)
			w.add(t, body)
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, b := range [][]byte{data, resealed(data, fromBox)} {
			o := NewOutbox(slog.New(slog.DiscardHandler))
			for i := range 3 {
				if err := o.Send(stopOf(i), func(e Event) error {
					if (e.Progress == nil) == (e.Result == nil) || e.Result != nil && e.Result.validate() != nil {
						t.Errorf("news of %+v", e)
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			expectEnd(t, o.Run(context.Background(), stub{bytes.NewReader(b), io.Discard}))
		}
	})
}

// expectEnd fails for an end of a conversation that neither the stream nor the other
// end's words explain.
func expectEnd(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errMalformed) && !errors.Is(err, ErrVersion) {
		t.Errorf("ended with %v", err)
	}
}

// FuzzCheck has Check look at anything that CBOR can say. What it lets pass survives
// the way over the line.
func FuzzCheck(f *testing.F) {
	codec, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range []Command{*stopOf(1), *addOf(2, 10), moved("a"), renamed("a", "b"), added(Addition{Magnet: someMagnet}), changed(Changes{Want: []int32{AllFiles}})} {
		body, err := codec.encode(&c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var c, back Command
		if codec.decode(body, &c) != nil || c.Check() != nil {
			return
		}
		again, err := codec.encode(&c)
		if err != nil || codec.decode(again, &back) != nil || back.Check() != nil {
			t.Errorf("%+v becomes %+v", c, back)
		}
	})
}
