package view

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// running runs the router until the test's bubble is over.
func (w *world) running(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { w.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// Run hears of boxes and of grants, and tells those whom it concerns.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		box := w.add("demo", 1)
		w.running(t)
		f := w.feed(t, eve, TopicTorrents)
		news := make(chan struct{}, 100)
		stop := f.Watch(func() { news <- struct{}{} })
		mark := f.Since(nil).Mark
		put(t, box, full())
		w.src.raise()
		if synctest.Wait(); len(news) > 0 {
			t.Error("eve is woken by what is not hers")
		}
		w.give(key("demo", full().Hash), 13, eve, owners.See)
		<-news
		u := f.Since(mark)
		expect(t, u, false, body(`{"id":1,`+goldenFull+`"access":"see"}`, ""))
		stop()
		remove(t, box, full().Hash)
		w.src.raise()
		if synctest.Wait(); len(news) > 0 {
			t.Error("who has stopped is still called")
		}
		expect(t, f.Since(u.Mark), false, body("", "1"))
	})
}

// TestManyAtOnce has boxes, grants and pages change all at the same time. It finds
// races and deadlocks, and what pages hold in the end must be right.
func TestManyAtOnce(t *testing.T) {
	w := newWorld()
	box := w.add("demo", 1)
	w.running(t)
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	writers.Go(func() {
		for i := range 2000 {
			v := state.Torrent{Hash: state.Hash{byte(i % 7)}, Added: 1, Left: int64(i)}
			_ = box.Update(func(tx *state.Tx) error {
				if i%11 == 0 {
					tx.Remove(v.Hash)
				} else {
					tx.Put(&v)
				}
				return nil
			})
			w.src.raise()
		}
	})
	writers.Go(func() {
		for i := range 2000 {
			w.give(key("demo", state.Hash{byte(i % 7)}), 1, []account.Principal{eve, ben}[i%2], owners.Access(i%4))
		}
	})
	for _, p := range []account.Principal{admin, eve, ben, eve} {
		readers.Go(func() {
			f, page := w.feed(t, p, TopicTorrents), rows{}
			var mark hub.Mark
			look := func() {
				stop := f.Watch(func() { _ = w.Stats() }) // no lock is held
				u := f.Since(mark)
				mark = u.Mark
				page.apply(t, u)
				if d, ok := w.Feed(p, TorrentTopic("demo", state.Hash{1})); ok {
					defer d.Watch(func() {})()
					d.Since(nil)
				}
				stop()
			}
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				look()
			}
			w.step()
			look()
			if got, want := page.byPlace(t), w.naive(t, p); !reflect.DeepEqual(got, want) {
				t.Errorf("the page holds\n%v\nwant\n%v", fmt.Sprint(got), fmt.Sprint(want))
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}
