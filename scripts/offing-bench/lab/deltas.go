package lab

import (
	"encoding/json"
	"math/bits"
	"testing"

	"github.com/klauspost/compress/zstd"

	"offing/tunnel/state"
)

// fieldKeys and fieldValue are state's fields as JSON with the shortest keys that
// a person would still read.
var fieldKeys = [state.FieldCount]string{
	"n", "st", "e", "sz", "l", "md", "ck", "rd", "ru", "d", "u", "p", "ps", "pg", "ws", "a", "dn", "q", "lb",
}

func fieldValue(t *state.Torrent, i int) any {
	return [state.FieldCount]any{
		t.Name, t.Status, t.ErrorText, t.Size, t.Left, t.Metadata, t.Checked, t.RateDown, t.RateUp, t.Downloaded,
		t.Uploaded, t.Peers, t.PeersSending, t.PeersGetting, t.WebSeeds, t.Added, t.Done, t.Queue, t.Labels,
	}[i]
}

// deltaJSON is a delta of the state as JSON: each changed torrent with its hash
// and the fields that differ.
func deltaJSON(t *testing.T, d *state.Delta) []byte {
	frame := map[string]any{"v": d.To.Seq}
	changes := make([]map[string]any, len(d.Changes))
	for i := range d.Changes {
		c := &d.Changes[i]
		changes[i] = map[string]any{"h": c.Torrent.Hash}
		for f := c.Fields; f != 0; f &= f - 1 {
			n := bits.TrailingZeros32(uint32(f))
			changes[i][fieldKeys[n]] = fieldValue(&c.Torrent, n)
		}
	}
	frame["c"] = changes
	if len(d.Removed) > 0 {
		frame["r"] = d.Removed
	}
	if d.Host != nil {
		frame["host"] = d.Host
	}
	if d.Session != nil {
		frame["session"] = d.Session
	}
	text, err := json.Marshal(frame)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// squeezed is a stream of zstd that is flushed after each message, so that its
// window serves the next.
type squeezed struct {
	z *zstd.Encoder
	n countWriter
}

func newSqueezed(t *testing.T) *squeezed {
	s := &squeezed{}
	z, err := zstd.NewWriter(&s.n, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	s.z = z
	return s
}

// add returns the bytes that the message takes.
func (s *squeezed) add(t *testing.T, message []byte) int {
	before := s.n
	if _, err := s.z.Write(message); err != nil {
		t.Fatal(err)
	}
	if err := s.z.Flush(); err != nil {
		t.Fatal(err)
	}
	return int(s.n - before)
}
