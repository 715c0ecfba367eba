package command

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"offing/tunnel/internal/memnet"
)

// TestCheckAtHome: what cannot be does not go out.
func TestCheckAtHome(t *testing.T) {
	o := newPair(t).out
	c := stopOf(1)
	c.Torrents = nil
	fault := (*Fault)(nil)
	if err := o.Send(c, nil); !errors.As(err, &fault) || fault.Code != NoTorrents || len(o.items) != 0 {
		t.Errorf("%v", err)
	}
}

// TestSentTwice: an ID that is on its way is sent once.
func TestSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.send(stopOf(0))
		p.send(stopOf(0))
		c := p.connect(memnet.NewStream(), memnet.NewStream())
		p.send(stopOf(0))
		time.Sleep(time.Minute)
		c.close()
		p.settled(1, func(int) bool { return true })
	})
}

// TestPipelining: results are not waited for.
func TestPipelining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.model.slow = 0
		down, up := memnet.NewStream(), memnet.NewStream()
		down.Delay, up.Delay = 500*time.Millisecond, 500*time.Millisecond
		c := p.connect(down, up)
		time.Sleep(time.Minute)
		for i := range flightCommands {
			p.send(stopOf(i))
		}
		time.Sleep(1100 * time.Millisecond)
		if p.got() != flightCommands {
			t.Errorf("%d results after one round trip", p.got())
		}
		c.close()
	})
}

// TestResultThatHomeCannotKeep comes again with the next connection, and not before.
func TestResultThatHomeCannotKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		asked := 0
		p.refuse = func(*Result) error {
			if asked++; asked < 3 {
				return errors.New("the disk is full")
			}
			return nil
		}
		p.send(stopOf(0))
		for i := 1; i <= 3; i++ {
			c := p.connect(memnet.NewStream(), memnet.NewStream())
			time.Sleep(time.Minute)
			if home, box := c.close(); asked != i || errors.Is(home, errMalformed) || errors.Is(box, errMalformed) {
				t.Errorf("home was given it %d times over %d connections", asked, i)
			}
			if i < 3 && len(p.disk.journal) != 1 {
				t.Error("the box has forgotten what home does not have")
			}
		}
		p.settled(1, func(int) bool { return true })
	})
}

// TestForgetIsRepeated: the box is told once more that it may forget what it was told
// over a line that broke.
func TestForgetIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.send(stopOf(0))
		h := p.handAtBox()
		h.send(frameHello, &hello{Version})
		h.drain()
		h.send(frameResult, &Result{ID: idOf(0)})
		if types, _ := h.drain(); count1(types, frameForget) != 1 {
			t.Errorf("%v", types)
		}
		h.rw.Close()
		<-h.err
		h = p.handAtBox()
		h.send(frameHello, &hello{Version})
		if types, _ := h.drain(); count1(types, frameForget) != 1 || count1(types, frameCommand) != 0 {
			t.Errorf("over the next line: %v", types)
		}
		h.send(frameForgotten, &name{idOf(0)})
		synctest.Wait()
		if len(p.out.forgetting) != 0 {
			t.Error("home does not hear that the box has forgotten")
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		if p.out.Cancel(idOf(7)) {
			t.Error("what nobody sent is given up")
		}
		p.send(stopOf(0))
		if !p.out.Cancel(idOf(0)) {
			t.Error("what has not gone out is not given up at home")
		}
		p.model.slow = time.Hour
		p.send(stopOf(1))
		p.send(stopOf(2))
		c := p.connect(memnet.NewStream(), memnet.NewStream())
		synctest.Wait()
		if p.out.Cancel(idOf(2)) {
			t.Error("what the box may have begun is given up at home")
		}
		p.out.Cancel(idOf(2))
		time.Sleep(time.Hour)
		c.close()
		if len(p.results[idOf(0)]) != 0 || len(p.results[idOf(2)]) != 1 || p.results[idOf(2)][0].Fault.Code != Cancelled {
			t.Errorf("%+v", p.results)
		}
	})
}

// TestCancelOverABreak: what home wants given up is asked for over the next line too.
func TestCancelOverABreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		p.send(stopOf(0))
		h := p.handAtBox()
		h.send(frameHello, &hello{Version})
		h.drain()
		h.rw.Close()
		<-h.err
		if p.out.Cancel(idOf(0)) {
			t.Error("what the box may have is given up at home")
		}
		h = p.handAtBox()
		h.send(frameHello, &hello{Version})
		types, _ := h.drain()
		if count1(types, frameCommand) != 1 || types[len(types)-1] != frameCancel {
			t.Errorf("%v", types)
		}
	})
}

// TestQuestions are asked once: a break ends them.
func TestQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		ask := func(i int) *Command { return &Command{ID: idOf(i), Kind: FreeSpace} }
		p.send(ask(0))
		h := p.handAtBox()
		h.send(frameHello, &hello{Version})
		h.drain()
		h.rw.Close()
		<-h.err
		if r := p.results[idOf(0)]; len(r) != 1 || r[0].Fault == nil || r[0].Fault.Code != Interrupted {
			t.Errorf("%+v", r)
		}
		p.send(ask(1))
		p.send(ask(2))
		if !p.out.Cancel(idOf(2)) {
			t.Error("a question cannot be taken back")
		}
		c := p.connect(memnet.NewStream(), memnet.NewStream())
		time.Sleep(time.Second)
		c.close()
		if r := p.results[idOf(1)]; len(r) != 1 || r[0].Space == nil || len(p.results[idOf(2)]) != 0 || len(p.out.forgetting) != 0 {
			t.Errorf("%+v", p.results)
		}
	})
}

// TestProgressIsJoined: however often a box speaks of its progress, home hears of it
// now and then, and before the result.
func TestProgressIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		said := make(chan func(Event), 1)
		e := executorFunc(func(news func(Event)) { said <- news })
		down, up := memnet.NewStream(), memnet.NewStream()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = p.out.Run(ctx, &memnet.End{In: down, Out: up}) }()
		go func() { _ = Serve(ctx, &memnet.End{In: up, Out: down}, "home", e, p.out.log) }()
		var heard []Event
		if err := p.out.Send(stopOf(0), func(e Event) error { heard = append(heard, e); return nil }); err != nil {
			t.Fatal(err)
		}
		news := <-said
		const steps = 10_000
		for i := range steps {
			news(Event{Progress: &Progress{ID: idOf(0), Done: i, Of: steps}})
			time.Sleep(time.Millisecond)
		}
		news(Event{Result: &Result{ID: idOf(0), Done: steps}})
		synctest.Wait()
		if n := len(heard); n < 20 || n > 60 || heard[n-1].Result == nil || heard[n-2].Progress == nil || heard[n-2].Progress.Done < steps-1000 {
			t.Errorf("home heard %d words", n)
		}
		cancel()
		synctest.Wait()
		news(Event{Result: &Result{ID: idOf(0)}}) // falls to the ground
	})
}

// executorFunc is an Executor that only takes commands.
type executorFunc func(news func(Event))

func (f executorFunc) Do(_ string, _ *Command, news func(Event)) error { f(news); return nil }
func (executorFunc) Cancel(string, ID)                                 {}
func (executorFunc) Forget(string, ID)                                 {}

// TestSecondRun waits for the first, and goes on from where that was.
func TestSecondRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t)
		first := p.connect(memnet.NewStream(), memnet.NewStream())
		synctest.Wait() // until it runs
		second := p.connect(memnet.NewStream(), memnet.NewStream())
		p.send(stopOf(0))
		time.Sleep(time.Second)
		first.close()
		p.send(stopOf(1))
		time.Sleep(time.Second)
		second.close()
		p.settled(2, func(int) bool { return true })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.out.Run(ctx, &memnet.End{In: memnet.NewStream(), Out: memnet.NewStream()}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
}
