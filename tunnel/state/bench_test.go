package state

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

const benchTorrents = 10_000

// benchState returns a State of 10,000 torrents and 200 of them to change.
func benchState(b *testing.B) (*State, []Torrent) {
	r := rand.New(rand.NewPCG(1, 1))
	s := New(5)
	all := make([]Torrent, benchTorrents)
	for i := range all {
		all[i] = randomTorrent(r, hashOf(i))
		all[i].Name = fmt.Sprintf("Some.Release.Of.A.Linux.Distribution.%d.x86_64", i)
	}
	put(b, s, all...)
	return s, all[:200]
}

// tick changes what changes in a second of downloading.
func tick(b *testing.B, s *State, active []Torrent) {
	for i := range active {
		active[i].Left += 1000
		active[i].Downloaded += 1000
		active[i].RateDown++
	}
	put(b, s, active...)
}

func BenchmarkUpdate200Of10000(b *testing.B) {
	s, active := benchState(b)
	b.ReportAllocs()
	for b.Loop() {
		tick(b, s, active)
	}
}

func BenchmarkUpdateUnchanged10000(b *testing.B) {
	s, _ := benchState(b)
	all := make([]Torrent, 0, benchTorrents)
	s.Each(func(t *Torrent) bool { all = append(all, *t); return true })
	b.ReportAllocs()
	for b.Loop() {
		put(b, s, all...)
	}
}

func BenchmarkSince200Of10000(b *testing.B) {
	s, active := benchState(b)
	v := s.Version()
	tick(b, s, active)
	b.ReportAllocs()
	for b.Loop() {
		if d := s.Since(v); len(d.Changes) != len(active) {
			b.Fatal(len(d.Changes))
		}
	}
}

func BenchmarkSnapshot10000(b *testing.B) {
	s, _ := benchState(b)
	b.ReportAllocs()
	for b.Loop() {
		if d := s.Snapshot(); len(d.Changes) != benchTorrents {
			b.Fatal(len(d.Changes))
		}
	}
}
