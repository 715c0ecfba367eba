package command

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
	"offing/tunnel/state"
)

// hand is a peer that a test moves by hand. It reads nothing until it is asked to.
type hand struct {
	t     *testing.T
	rw    *memnet.End
	in    *reader
	out   *writer
	codec codec

	frames chan heard // nil before anything is read
	err    chan error // of the other end's Run
}

var everything = append(append([]frameType(nil), fromHome...), fromBox...)

func newHand(t *testing.T, run func(*memnet.End) error) *hand {
	a, b := memnet.NewStream(), memnet.NewStream()
	h := &hand{t: t, rw: &memnet.End{In: a, Out: b}, err: make(chan error, 1)}
	h.in, h.out = newReader(h.rw, everything), &writer{w: h.rw}
	h.codec, _ = newCodec()
	go func() { h.err <- run(&memnet.End{In: b, Out: a}) }()
	t.Cleanup(func() { h.rw.Close() })
	return h
}

// handAtBox is a hand in the place of a box.
func (p *pair) handAtBox() *hand {
	return newHand(p.t, func(rw *memnet.End) error { return p.out.Run(context.Background(), rw) })
}

// handAtHome is a hand in the place of a home.
func (p *pair) handAtHome() *hand {
	return newHand(p.t, func(rw *memnet.End) error {
		return Serve(context.Background(), rw, "home", p.model, slog.New(slog.DiscardHandler))
	})
}

func (h *hand) send(t frameType, v any) {
	h.t.Helper()
	body, err := h.codec.encode(v)
	if err != nil {
		h.t.Fatal(err)
	}
	h.raw(t, body)
}

func (h *hand) raw(t frameType, body []byte) {
	h.t.Helper()
	h.out.add(t, body)
	if err := h.out.flush(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		h.t.Fatal(err)
	}
}

// heard is a frame that came.
type heard struct {
	t    frameType
	body []byte
}

// read begins to read.
func (h *hand) read() {
	if h.frames != nil {
		return
	}
	h.frames = make(chan heard, 10_000)
	go func() {
		defer close(h.frames)
		for {
			t, body, err := h.in.next()
			if err != nil {
				return
			}
			h.frames <- heard{t, bytes.Clone(body)}
		}
	}()
}

// drain returns what comes until the other end waits.
func (h *hand) drain() (types []frameType, bodies [][]byte) {
	for h.read(); ; {
		synctest.Wait()
		select {
		case f, ok := <-h.frames:
			if !ok {
				return types, bodies
			}
			types, bodies = append(types, f.t), append(bodies, f.body)
		default:
			return types, bodies
		}
	}
}

func count1(types []frameType, t frameType) (n int) {
	for _, x := range types {
		if x == t {
			n++
		}
	}
	return n
}

func TestVersions(t *testing.T) {
	for name, c := range map[string]struct {
		other  uint32
		atHome string
		atBox  string
	}{
		"older": {Version - 1, "update the agent", "update the controller"},
		"newer": {Version + 1, "update the controller", "update the agent"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				h := p.handAtBox()
				h.send(frameHello, &hello{c.other})
				if err := <-h.err; !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), c.atHome) {
					t.Errorf("home says %v", err)
				}
				h = p.handAtHome()
				h.send(frameHello, &hello{c.other})
				if err := <-h.err; !errors.Is(err, ErrVersion) || !strings.Contains(err.Error(), c.atBox) {
					t.Errorf("the box says %v", err)
				}
			})
		})
	}
}

// hostile are frames that no honest end sends, whoever it is.
var hostile = map[string]struct {
	t    frameType
	body string
}{
	"unknown type":   {99, ""},
	"two hellos":     {frameHello, "a10101"},
	"no map":         {frameCancel, "80"},
	"null":           {frameKept, "f6"},
	"empty":          {frameForget, ""},
	"two items":      {frameCancel, "a10150" + strings.Repeat("11", 16) + "a0"},
	"cut":            {frameKept, "a10150"},
	"short id":       {frameKept, "a10141" + "11"},
	"short id, home": {frameCancel, "a10141" + "11"},
	"id of a list":   {frameForget, "a10180"},
	"indefinite":     {frameCancel, "bf0101ff"},
	"tagged":         {frameResult, "a102c101"},
	"deep":           {frameResult, "a11863" + strings.Repeat("81", maxNesting) + "01"},
	"wide list":      {frameCommand, "a1039affffffff"},
	"wide map":       {frameResult, "baffffffff"},
	"huge string":    {frameCommand, "a1087affffffff"},
	"short hash":     {frameCommand, "a30150" + strings.Repeat("11", 16) + "026473746f70" + "0381" + "4111"},
	"bad text":       {frameResult, "a102a2016161" + "0261ff"},
	"long code":      {frameResult, "a102a101" + "7841" + strings.Repeat("61", 65)},
	"negative":       {frameResult, "a10320"},
	"more than all":  {frameProgress, "a202050303"},
	"key twice":      {frameTaken, "a201010101"},
}

func TestHostile(t *testing.T) {
	for name, c := range hostile {
		body, err := hex.DecodeString(c.body)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t)
				p.send(stopOf(1))
				for who, h := range map[string]*hand{"home": p.handAtBox(), "the box": p.handAtHome()} {
					h.send(frameHello, &hello{Version})
					h.raw(c.t, body)
					if err := <-h.err; !errors.Is(err, errMalformed) {
						t.Errorf("%s says %v", who, err)
					}
				}
			})
		})
	}
}

// TestOverlong claims more than a frame may have: nothing of it is waited for.
func TestOverlong(t *testing.T) {
	for name, head := range map[string][]byte{
		"command":      {byte(frameCommand), 0x81, 0x80, 0x80, 0x02},
		"part":         {byte(framePart), 0x81, 0x80, 0x04},
		"name":         {byte(frameCancel), 0x81, 0x02},
		"endless":      append([]byte{byte(frameCommand)}, bytes.Repeat([]byte{0x80}, 20)...),
		"not shortest": {byte(frameCancel), 0x81, 0x00},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newPair(t).handAtHome()
				h.send(frameHello, &hello{Version})
				_, _ = h.rw.Write(head)
				if err := <-h.err; !errors.Is(err, errMalformed) {
					t.Errorf("ended with %v", err)
				}
			})
		})
	}
}

// TestEndlessParts sends parts of a command that never ends.
func TestEndlessParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newPair(t).handAtHome()
		h.send(frameHello, &hello{Version})
		for range maxLarge/partSize + 1 {
			h.raw(framePart, make([]byte, partSize))
		}
		if err := <-h.err; !errors.Is(err, errMalformed) {
			t.Errorf("ended with %v", err)
		}
	})
}

// TestForeignResults: a result of what home does not know is nothing to it, one of
// what it has not sent yet is a lie.
func TestForeignResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		h := p.handAtBox()
		h.send(frameHello, &hello{Version})
		for range 1000 {
			h.send(frameResult, &Result{ID: NewID()})
			h.send(frameKept, &name{NewID()})
			h.send(frameAgain, &name{NewID()})
		}
		synctest.Wait()
		p.out.mu.Lock()
		if n := len(p.out.items) + len(p.out.forgetting) + len(p.out.conn.waiting); n != 0 {
			t.Errorf("home remembers %d of them", n)
		}
		p.out.mu.Unlock()
		for i := range flightCommands + 1 {
			p.send(stopOf(i))
		}
		synctest.Wait()
		h.send(frameResult, &Result{ID: idOf(flightCommands)})
		if err := <-h.err; !errors.Is(err, errMalformed) || p.got() != 0 {
			t.Errorf("ended with %v and %d results", err, p.got())
		}
	})
}

// TestRefusedAtTheBox: what home should not have sent has a result, and is not done.
func TestRefusedAtTheBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		h := p.handAtHome()
		h.send(frameHello, &hello{Version})
		h.send(frameCommand, &Command{ID: ID{1}, Kind: "session-close"})
		h.send(frameCommand, &Command{ID: ID{2}, Kind: Stop})
		types, bodies := h.drain()
		for i, want := range []FaultCode{BadCommand, NoTorrents} {
			var r Result
			if types[i+1] != frameResult || h.codec.decode(bodies[i+1], &r) != nil || r.Fault == nil || r.Fault.Code != want {
				t.Errorf("frame %d of type %d: %+v", i, types[i+1], r)
			}
		}
		if len(p.disk.journal)+len(p.disk.effects) > 0 {
			t.Error("it came to the executor")
		}
	})
}

// TestStalledBox acknowledges nothing: home sends no more than its window.
func TestStalledBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		for i := range 1000 {
			p.send(stopOf(i))
		}
		h := p.handAtBox()
		h.send(frameHello, &hello{Version})
		types, _ := h.drain()
		if n := count1(types, frameCommand); n != flightCommands {
			t.Errorf("%d commands went out", n)
		}
		h.send(frameKept, &name{idOf(0)})
		h.send(frameProgress, &Progress{ID: idOf(1), Of: 1})
		h.send(frameResult, &Result{ID: idOf(2), Done: 1})
		types, _ = h.drain()
		if n := count1(types, frameCommand); n != 3 || count1(types, frameForget) != 1 {
			t.Errorf("then %v", types)
		}
		time.Sleep(time.Hour)
		if types, _ = h.drain(); len(types) > 0 {
			t.Errorf("after an hour %v", types)
		}
	})
}

// TestPartWindow takes no parts: home sends no more than their window, and small
// commands go out all the same.
func TestPartWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.send(addOf(1, 2<<20))
		h := p.handAtBox()
		h.send(frameHello, &hello{Version})
		types, bodies := h.drain()
		bytes := 0
		for i := range types {
			if types[i] == framePart {
				bytes += len(bodies[i])
			}
		}
		if bytes < partWindow || bytes > partWindow+partSize {
			t.Errorf("%d bytes of parts", bytes)
		}
		p.send(stopOf(2))
		if types, _ = h.drain(); count1(types, frameCommand) != 1 {
			t.Errorf("then %v", types)
		}
		if !p.out.Cancel(idOf(1)) {
			t.Error("a command of which the box has a half cannot be given up at home")
		}
		h.send(frameTaken, &count{uint64(bytes)})
		if types, bodies = h.drain(); len(types) != 1 || types[0] != framePart || len(bodies[0]) != 0 {
			t.Errorf("then %v", types)
		}
	})
}

// TestPadding: what goes over the line has few sizes.
func TestPadding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		down, up := memnet.NewStream(), memnet.NewStream()
		conversation{large: true}.hold(p, down, up).close()
		sizes := map[int]bool{}
		for _, w := range append(down.Log(), up.Log()...) {
			sizes[w.Size] = true
		}
		if len(sizes) > 5 {
			t.Errorf("%d sizes: %v", len(sizes), sizes)
		}
	})
}

// TestLargeDoesNotStall has a small command behind 8 MiB on a slow line.
func TestLargeDoesNotStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		up := memnet.NewStream()
		up.Rate, up.Delay, up.Room = 500_000, 300*time.Millisecond, 2<<20
		c := p.connect(memnet.NewStream(), up)
		p.send(addOf(1, MaxMetainfo))
		time.Sleep(3 * time.Second)
		began := time.Now()
		p.send(stopOf(2))
		for p.got() == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		if waited := time.Since(began); waited > 2*time.Second {
			t.Errorf("waited %v", waited)
		}
		time.Sleep(time.Minute)
		c.close()
		if p.got() != 2 || p.disk.effects[0] != idOf(2) {
			t.Errorf("%d results", p.got())
		}
	})
}

// failures is a result with as many words as there can be.
func failures(id ID) *Result {
	r := &Result{ID: id, Failed: MaxFailures}
	for i := range MaxFailures {
		r.Faults = append(r.Faults, Failure{state.Hash{byte(i)}, Fault{DaemonRefused, strings.Repeat("x", state.MaxText)}})
	}
	return r
}

// TestHomeDoesNotRead: the box holds no more than its bound, and what had no room is
// fetched again.
func TestHomeDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 12
		var waiting []func(Event)
		e := executorFunc(func(news func(Event)) { waiting = append(waiting, news) })
		h := newHand(t, func(rw *memnet.End) error {
			return Serve(context.Background(), rw, "home", e, slog.New(slog.DiscardHandler))
		})
		h.rw.In.Narrow(1)
		h.send(frameHello, &hello{Version})
		for i := range n {
			h.send(frameCommand, stopOf(i))
		}
		synctest.Wait()
		for i, news := range waiting { // all end while home does not read
			news(Event{Result: failures(idOf(i))})
			synctest.Wait()
		}
		if h.rw.In.Queued() > 2*memnet.MTU {
			t.Errorf("%d bytes went out", h.rw.In.Queued())
		}
		types, _ := h.drain()
		results, again := count1(types, frameResult), count1(types, frameAgain)
		if results+again != n || results > 2+replyBytes>>20 || results == 0 {
			t.Errorf("%d results, %d again", results, again)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		const n = 12
		p := newPair(t)
		p.model.slow, p.model.result = 0, failures
		down := memnet.NewStream()
		down.Rate = 1 << 20
		for i := range n {
			p.send(stopOf(i))
		}
		c := p.connect(down, memnet.NewStream())
		time.Sleep(5 * time.Minute)
		if p.got() != n {
			t.Errorf("%d results over a slow line", p.got())
		}
		c.close()
		p.settled(n, func(int) bool { return true })
	})
}
