package lab

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"offing/agent/simulator"
	"offing/tunnel/state"
	"offing/tunnel/wire"
)

// frameLimit is about the most bytes of a snapshot's frame: package mirror's.
const frameLimit = 28 << 10

// cold is one snapshot, as home would get it.
type cold struct {
	bytes          int
	encode, decode time.Duration // of processor time, applying to the state included
	firstBytes     int           // of the first frame
	firstRows      int
	firstMoving    int
	first          time.Duration // of processor time, both ends
}

// Snapshot measures what it costs to tell a home that has nothing everything.
func Snapshot(t *testing.T, sizes ...int) (p page) {
	p.writef("The whole box to a home that has nothing, with 200 torrents moving, against the daemon's own JSON of the same\ntorrents and fields (objects), as it is and in zstd. The most recently changed torrents come first, in frames of about\n%d KiB. Processor seconds are those of this process, its garbage collector included; applying to home's state counts\nas decoding.\n", frameLimit>>10)
	p.table("torrents", "JSON, bytes", "in zstd", "ours", "a torrent", "encode, CPU s", "decode, CPU s", "first frame", "rows in it", "of them moving", "both ends, CPU ms")
	var goals page
	for _, n := range sizes {
		b := newBox(t, simulator.Config{Torrents: n, Active: 200, Seed: 3})
		for range 10 { // polls of what moves, as a box that runs has had
			b.sim.Step(time.Second)
			b.poll()
		}
		text := newRival(t, b.sim, false).call("torrent-get", &arguments{Fields: listFields})
		z, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		packed := len(z.EncodeAll(text, nil))
		c := b.cold()
		p.row(b.state.Totals().Torrents, len(text), packed, c.bytes, ratio(t, c.bytes, n), c.encode.Seconds(), c.decode.Seconds(),
			c.firstBytes, c.firstRows, c.firstMoving, float64(c.first.Microseconds())/1000)
		goals.goal(number(float64(n)/1000)+" thousand, bytes ÷ JSON", ratio(t, c.bytes, len(text)), 0.10)
		goals.goal(number(float64(n)/1000)+" thousand, bytes ÷ JSON in zstd", ratio(t, c.bytes, packed), 0.55)
	}
	p.writef("\n%s", goals.String())
	return p
}

// cold encodes and decodes the box.
func (b *box) cold() (c cold) {
	b.t.Helper()
	var line bytes.Buffer
	out, err := wire.NewWriter(&line)
	if err != nil {
		b.t.Fatal(err)
	}
	began := b.cpu()
	b.encode(out, &line, &c)
	c.encode, c.bytes = b.cpu()-began, line.Len()
	home := state.New(0x40)
	began = b.cpu()
	b.decode(&line, home, &c)
	c.decode = b.cpu() - began
	if _, want := b.state.Checksum(); want != sumOf(home) {
		b.t.Fatal("the snapshot has not arrived whole")
	}
	return c
}

func sumOf(s *state.State) uint64 {
	_, sum := s.Checksum()
	return sum
}

func (b *box) encode(out *wire.Writer, line *bytes.Buffer, c *cold) {
	began, now := b.cpu(), time.Now()
	enc := wire.NewEncoder(0)
	b.state.View(enc.Start)
	for news := (wire.News{More: true}); news.More; {
		b.state.View(func(r state.Reader) {
			news = enc.Encode(news.Body[:0], r, &wire.Policy{Limit: frameLimit, Welcome: now, Now: now, Known: true})
		})
		_, err := out.WriteNews(&news)
		if err = errors.Join(err, out.Flush()); err != nil {
			b.t.Fatal(err)
		}
		if c.firstBytes == 0 {
			c.firstBytes, c.first = line.Len(), b.cpu()-began
		}
	}
}

func (b *box) decode(line io.Reader, home *state.State, c *cold) {
	began := b.cpu()
	in, err := wire.NewReader(line, wire.TypeSnapshot, wire.TypeDelta)
	if err != nil {
		b.t.Fatal(err)
	}
	for {
		frame, err := in.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.t.Fatal(err)
		}
		d := frame.(*wire.Delta)
		err = home.Update(func(tx *state.Tx) error {
			return tx.Apply(&state.Delta{Changes: d.Changes, Session: d.Session, Host: d.Host})
		})
		if err != nil {
			b.t.Fatal(err)
		}
		if c.firstRows == 0 {
			c.firstRows, c.first = len(d.Changes), c.first+b.cpu()-began
			for i := range d.Changes {
				if d.Changes[i].Torrent.Moving() {
					c.firstMoving++
				}
			}
		}
	}
}

// cpu is the processor time of this process.
func (b *box) cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
