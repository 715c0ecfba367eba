package wire

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"offing/tunnel/state"
)

// benchChanges returns what n torrents look like; all of them, or as a second of
// downloading changes them.
func benchChanges(n int, fields state.Fields) []state.Change {
	r := rand.New(rand.NewPCG(1, 1))
	changes := make([]state.Change, n)
	for i := range changes {
		t := state.Torrent{
			Name: fmt.Sprintf("Some.Release.Of.A.Linux.Distribution.%d.x86_64", i), Status: state.Downloading,
			Size: r.Int64N(1 << 36), Left: r.Int64N(1 << 36), Metadata: state.Whole, RateDown: r.Int64N(1 << 22), RateUp: r.Int64N(1 << 18),
			Downloaded: r.Int64N(1 << 36), Uploaded: r.Int64N(1 << 36), Peers: r.Int32N(100), Added: 1700000000 + r.Int64N(1<<24), Queue: int32(i),
		}
		for j := range t.Hash {
			t.Hash[j] = byte(r.Uint32())
		}
		changes[i] = state.Change{Fields: fields, Torrent: t}
	}
	return changes
}

var tickFields = state.FieldLeft | state.FieldDownloaded | state.FieldRateDown | state.FieldUploaded

func BenchmarkEncodeDelta200(b *testing.B) {
	d := &Delta{state.Delta{From: 1, To: state.Version{Epoch: 1, Seq: 2}, Changes: benchChanges(200, tickFields)}}
	w, err := NewWriter(io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n, err := w.Write(d)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(n), "wire-B")
	}
}

func BenchmarkDecodeDelta200(b *testing.B) {
	d := &Delta{state.Delta{From: 1, To: state.Version{Epoch: 1, Seq: 2}, Changes: benchChanges(200, tickFields)}}
	frame := encode(b, d)
	b.ReportAllocs()
	for b.Loop() {
		if got, _ := decode(b, bytes.NewReader(frame), TypeDelta); len(got) != 1 {
			b.Fatal("not decoded")
		}
	}
}

func BenchmarkEncodeSnapshot10000(b *testing.B) {
	all := benchChanges(10_000, state.AllFields)
	w, err := NewWriter(io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		total := 0
		for rest := all; len(rest) > 0; {
			n := Cut(rest, 32<<10)
			size, err := w.Write(&Part{Delta: state.Delta{To: state.Version{Epoch: 1, Seq: 1}, Changes: rest[:n]}})
			if err != nil {
				b.Fatal(err)
			}
			total, rest = total+size, rest[n:]
		}
		b.ReportMetric(float64(total), "wire-B")
	}
}
