package fanout

import (
	"context"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// boxName is what the box is called.
const boxName = "vps"

// box is a made-up box, and a view.Source that has no other. Its state is changed
// where it is: what a line and its decoder would cost is not in the figures.
type box struct {
	state *state.State
	since time.Time    // its line is up
	turns []state.Hash // the torrents in the order of their next changes, the first at next
	next  int
	rng   *rand.Rand // for change, which one goroutine calls
}

// newBox fills a box. A third of the torrents download, the others upload.
func newBox(torrents int) *box {
	b := &box{state: state.New(1), since: time.Now(), rng: rand.New(rand.NewPCG(7, 7))}
	_ = b.state.Update(func(tx *state.Tx) error { // only the function could fail
		for i := range torrents {
			t := b.torrent(i)
			tx.Put(&t)
			b.turns = append(b.turns, t.Hash)
		}
		return nil
	})
	b.state.Touch(b.since)
	b.rng.Shuffle(torrents, func(i, j int) { b.turns[i], b.turns[j] = b.turns[j], b.turns[i] })
	return b
}

// hashOf returns the hash of torrent i.
func hashOf(i int) state.Hash { return sha1.Sum(strconv.AppendInt(nil, int64(i), 10)) }

// addedAt returns when torrent i was added.
func addedAt(i int) int64 { return 1_750_000_000 + int64(i)*977 }

func (b *box) torrent(i int) state.Torrent {
	size := 1<<28 + b.rng.Int64N(1<<34)
	t := state.Torrent{
		Hash: hashOf(i), Name: fmt.Sprintf("A name of the usual length %d", i), Status: state.Seeding,
		Size: size, Downloaded: size, Uploaded: b.rng.Int64N(size), Metadata: state.Whole,
		Peers: 4 + b.rng.Int32N(40), PeersGetting: 1 + b.rng.Int32N(4), Added: addedAt(i), Done: addedAt(i) + 3600, Queue: int32(i),
	}
	if i%3 == 0 {
		t.Status, t.Done, t.PeersSending = state.Downloading, 0, 1+b.rng.Int32N(4)
		t.Left, t.Downloaded = size/2, size/2
	}
	return t
}

// change moves n torrents on, those whose turn it is, all in one update as a
// frame of the line does. With stamp Uploaded is the time of the change in
// nanoseconds.
func (b *box) change(n int, stamp bool) {
	moved := make([]state.Torrent, 0, n)
	for range min(n, len(b.turns)) {
		t, _ := b.state.Get(b.turns[b.next]) // none is ever removed
		b.next = (b.next + 1) % len(b.turns)
		b.move(&t)
		moved = append(moved, t)
	}
	at := time.Now().UnixNano()
	_ = b.state.Update(func(tx *state.Tx) error { // only the function could fail
		for i := range moved {
			if stamp {
				moved[i].Uploaded = at
			}
			tx.Put(&moved[i])
		}
		return nil
	})
}

// move changes a torrent as half a second at a rate does.
func (b *box) move(t *state.Torrent) {
	rate := 2 + b.rng.Int64N(1<<22)
	t.Uploaded += rate / 2
	if t.Status == state.Downloading {
		t.RateDown, t.Left, t.Downloaded = rate, max(0, t.Left-rate/2), t.Downloaded+rate/2
	} else {
		t.RateUp = rate
	}
}

// deal gives the torrents of the box to the persons in turn.
func deal(ctx context.Context, o *owners.Owners, torrents, persons int) error {
	for p := range persons {
		theirs := make(map[owners.Key]int64)
		for i := p; i < torrents; i += persons {
			theirs[owners.Key{Box: boxName, Hash: hashOf(i)}] = addedAt(i)
		}
		if _, err := o.Set(ctx, theirs, nameOf(p), owners.Own); err != nil {
			return fmt.Errorf("give somebody their torrents: %w", err)
		}
	}
	return nil
}

// Boxes implements view.Source.
func (b *box) Boxes() []fleet.Box {
	return []fleet.Box{{Name: boxName, State: b.state, Line: report.Line{State: "up", Since: b.since}}}
}

// Changed implements view.Source.
func (b *box) Changed() <-chan struct{} { return b.state.Changed() }

// Watch implements view.Source: the torrents change as often as the driver says.
func (b *box) Watch(string) (release func()) { return func() {} }

// Open implements view.Source: there are no details.
func (b *box) Open(string, state.Hash, func()) (release func()) { return func() {} }

// Detail implements view.Source.
func (b *box) Detail(string, state.Hash) (state.Detail, time.Time, bool) {
	return state.Detail{}, time.Time{}, false
}
