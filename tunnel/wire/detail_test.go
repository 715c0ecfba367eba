package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"offing/tunnel/state"
)

// randomDetail changes a detail as a daemon would, or worse.
func randomDetail(r *rand.Rand, d state.Detail) state.Detail {
	d.Files = append([]state.File(nil), d.Files[:r.IntN(len(d.Files)+1)]...)
	for range r.IntN(20) {
		d.Files = append(d.Files, state.File{Name: fmt.Sprintf("Season %d/Some.Show.%d.mkv", r.IntN(3), r.IntN(100)), Size: 1 << r.IntN(40)})
	}
	for i := range d.Files {
		f := &d.Files[i]
		f.Have, f.Wanted, f.Priority = r.Int64N(f.Size), r.IntN(9) > 0, int8(r.IntN(3)-1)
	}
	d.Peers = nil
	for range r.IntN(10) {
		d.Peers = append(d.Peers, state.Peer{Address: fmt.Sprintf("192.0.2.%d:51413", r.IntN(200)), Client: "Transmission 4.0.6",
			Progress: state.Fraction(r.IntN(10001)), RateUp: r.Int64N(1e6), Flags: "TDEH", UTP: r.IntN(2) == 0})
	}
	d.Trackers = []state.Tracker{{Announce: "https://tracker.example/" + fmt.Sprint(r.IntN(2)), State: state.TrackerState(r.IntN(4)), Seeders: -1, Next: r.Int64N(1e10), Result: "Success"}}
	count := r.IntN(300)
	d.Pieces = state.Pieces{Count: int32(count), Size: 1 << 20}
	if r.IntN(5) > 0 {
		d.Pieces.Have = make([]byte, (count+7)/8)
		for i := range count {
			if r.IntN(10) > 0 {
				d.Pieces.Have[i/8] |= 0x80 >> (i % 8)
			}
		}
	}
	d.Comment, d.Dir, d.Private, d.Have = fmt.Sprint("comment ", r.IntN(3)), "/srv/torrents", r.IntN(2) == 0, r.Int64N(1e12)
	return d.Clean()
}

// TestDetails follows some open torrents through random lives, in frames of any
// size; a new detail may come while an older one is being told.
func TestDetails(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 5))
		enc, dec := NewDetailEncoder(), NewDetailDecoder()
		var details [4]state.Detail
		for step := range 40 {
			slot := r.IntN(len(details))
			d := &details[slot]
			if r.IntN(10) == 0 || d.Hash == (state.Hash{}) {
				*d = state.Detail{Hash: state.Hash{byte(slot), byte(step), 1}}
				enc.Forget(slot)
			}
			*d = randomDetail(r, *d)
			enc.Again(slot)
			gone := r.IntN(15) == 0
			for frames := 0; ; frames++ {
				news := enc.Encode(nil, slot, d, gone, time.Second, 1<<r.IntN(12))
				got, err := dec.Decode(bytes.Clone(news.Body))
				if err != nil || got.Whole != news.Whole || got.Gone != gone || got.Detail.Hash != d.Hash || got.Age != time.Second {
					t.Fatalf("seed %d: %v, %+v", seed, err, got)
				}
				if news.Whole && !gone && !got.Detail.Equal(d) {
					t.Fatalf("seed %d:\n%+v, want\n%+v", seed, got.Detail, *d)
				}
				if news.Whole || r.IntN(10) == 0 {
					break
				}
				if frames > 1000 {
					t.Fatalf("seed %d: no end of frames", seed)
				}
			}
		}
	}
}

// TestLargestDetail tells of a torrent with as much of everything as there can be.
func TestLargestDetail(t *testing.T) {
	d := state.Detail{Hash: state.Hash{1}, Pieces: state.Pieces{Count: state.MaxPieces, Size: 1, Have: make([]byte, state.MaxPieces/8)}}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range d.Pieces.Have {
		d.Pieces.Have[i] = byte(r.Uint32())
	}
	for i := range state.MaxFiles {
		d.Files = append(d.Files, state.File{Name: fmt.Sprint(i), Size: r.Int64()})
	}
	enc, dec := NewDetailEncoder(), NewDetailDecoder()
	for {
		news := enc.Encode(nil, 0, &d, false, 0, 28<<10)
		if len(news.Body) > TypeDetail.limit() {
			t.Fatalf("a frame of %d bytes", len(news.Body))
		}
		got, err := dec.Decode(news.Body)
		if err != nil {
			t.Fatal(err)
		}
		if news.Whole {
			if !got.Detail.Equal(&d) {
				t.Error("it is another")
			}
			return
		}
	}
}

// TestWordyDetail is of a torrent whose texts are as long as can be. What a frame
// may tell of them is counted over all its lists, and of the files those are left
// out for which home would have no room.
func TestWordyDetail(t *testing.T) {
	d := state.Detail{Hash: state.Hash{1}}
	for range 1500 {
		d.Files = append(d.Files, state.File{Name: strings.Repeat("a", state.MaxName)})
	}
	sheet := sheetOf(&d)
	if n := len(sheet.lists[listFiles]); n != fileText/state.MaxName {
		t.Errorf("%d files, room is for %d", n, fileText/state.MaxName)
	}
	enc := NewDetailEncoder()
	enc.coder.Encode(nil)
	p := &place{sheet: sheet, list: listFiles}
	if text := enc.chunk(&enc.coder, &held{}, p, 1<<20, frameText-1); text != frameText-1+state.MaxName || p.at != 1 {
		t.Errorf("%d bytes of text in a frame, %d files behind what it had", text, p.at)
	}
}

func FuzzDetail(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	d := randomDetail(r, state.Detail{Hash: state.Hash{1}})
	news := NewDetailEncoder().Encode(nil, 3, &d, false, time.Second, 1<<14)
	f.Add(news.Body)
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		dec := NewDetailDecoder()
		for range 3 {
			got, err := dec.Decode(body)
			if err != nil {
				return
			}
			if !got.Detail.Valid() {
				t.Fatalf("accepted %+v", got)
			}
		}
	})
}
