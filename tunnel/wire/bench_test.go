package wire

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"offing/tunnel/state"
)

// benchBox returns a box of n torrents of which the first active move.
func benchBox(b *testing.B, n int) *state.State {
	r := rand.New(rand.NewPCG(1, 1))
	s := state.New(1)
	err := s.Update(func(tx *state.Tx) error {
		for i := range n {
			size := r.Int64N(1 << 36)
			t := state.Torrent{
				Name: fmt.Sprintf("Some.Release.Of.A.Linux.Distribution.%d.x86_64", i), Status: state.Seeding,
				Size: size, Metadata: state.Whole, Downloaded: size, Uploaded: r.Int64N(1 << 36), Added: 1700000000 + r.Int64N(1<<24), Queue: int32(i),
			}
			t.Total, t.Files, t.Private = size, 1+r.Int32N(50), r.IntN(3) > 0
			t.Done = t.Added + r.Int64N(86400)
			t.Active, t.Seeded = (t.Done+r.Int64N(1<<24))/60*60, (t.Done+r.Int64N(1<<20))/60*60
			t.Dir = []string{"/srv/torrents", "/srv/torrents/films", "/srv/torrents/music"}[r.IntN(3)]
			t.Options = state.Options{DownLimit: 100_000, UpLimit: 100_000, PeerLimit: 50, RatioLimit: 20_000, IdleLimit: 30}
			t.Trackers = trackersOf(r.IntN(20))
			for j := range t.Hash {
				t.Hash[j] = byte(r.Uint32())
			}
			tx.Put(&t)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// trackersOf returns the announce URLs of one of the sites that torrents come from.
func trackersOf(site int) []string {
	list := []string{fmt.Sprintf("https://tracker.site%d.example/%016x/announce", site, site*0x9e3779b97f4a7)}
	if site%3 == 0 {
		list = append(list, "udp://tracker.open.example:1337/announce", "udp://exodus.example:6969/announce")
	}
	return list
}

// tick moves the torrents of a box by a second.
func tick(b *testing.B, s *state.State, moving []state.Torrent, r *rand.Rand) {
	err := s.Update(func(tx *state.Tx) error {
		for i := range moving {
			t := &moving[i]
			t.RateUp = max(t.RateUp+int64(r.NormFloat64()*float64(t.RateUp)/20), 1000)
			t.Uploaded += t.RateUp
			tx.Put(t)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkTick(b *testing.B) {
	for _, n := range []int{1000, 10_000, 50_000} {
		for _, live := range []bool{false, true} {
			b.Run(fmt.Sprintf("torrents=%d/live=%v", n, live), func(b *testing.B) { benchTick(b, n, live) })
		}
	}
}

func benchTick(b *testing.B, n int, live bool) {
	s := benchBox(b, n)
	r := rand.New(rand.NewPCG(2, 2))
	var moving []state.Torrent
	s.Each(func(t *state.Torrent) bool {
		moving = append(moving, *t)
		moving[len(moving)-1].RateUp = r.Int64N(1e6)
		return len(moving) < 200
	})
	now := time.Unix(1e9, 0)
	enc, p := NewEncoder(0), &Policy{Limit: 1 << 20, Live: live, Known: true, Welcome: now}
	s.View(enc.Start)
	var news News
	frame := func() {
		now = now.Add(time.Second)
		s.Touch(now)
		p.Now = now
		s.View(func(r state.Reader) { news = enc.Encode(news.Body[:0], r, p) })
	}
	for frame(); news.More; frame() {
	}
	total := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		tick(b, s, moving, r)
		b.StartTimer()
		frame()
		total += len(news.Body)
	}
	b.ReportMetric(float64(total)/float64(b.N), "wire-B/op")
}

func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{10_000, 50_000} {
		b.Run(fmt.Sprintf("torrents=%d", n), func(b *testing.B) {
			s := benchBox(b, n)
			var body []byte
			b.ReportAllocs()
			for b.Loop() {
				total, enc := 0, NewEncoder(0)
				s.View(enc.Start)
				for more := true; more; {
					s.View(func(r state.Reader) {
						news := enc.Encode(body[:0], r, &Policy{Limit: 28 << 10, Known: true})
						body, more = news.Body, news.More
					})
					total += len(body)
				}
				b.ReportMetric(float64(total), "wire-B")
			}
		})
	}
}
