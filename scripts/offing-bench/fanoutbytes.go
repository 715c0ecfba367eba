package main

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"offing/scripts/offing-bench/fanout"
)

// rowCounts are the sizes of the updates whose bytes are counted.
var rowCounts = []int{1, 20, 1000}

// bytesOf is one update in several forms.
type bytesOf struct {
	json, around, deflated, cbor, cborDeflated int
}

// fanoutBytes counts the bytes of updates as they come out of a socket of ours,
// and of the same in other forms.
func (b *bench) fanoutBytes(ctx context.Context) error {
	const torrents = 10_000
	b.writef("The topic \"torrents\" of somebody with %d torrents, when so many rows change at once; a third of the rows download, and\nsay four numbers, the others two. The box is made up; the frames are those that the socket sent. Around is what is not\nrows: the topic, the sequence, the brackets, the empty list of what is gone; a WebSocket's own head is 2 bytes, 4 from\n126 bytes on, 10 from 65,536 on. Deflated is once for each frame, at the usual level, as all connections could share\nit. CBOR has an integer for each member's name, and hashes as bytes.\n\n| rows | JSON | around | deflated | CBOR | CBOR, deflated | JSON, bytes a row | CBOR, bytes a row |\n|---:|---:|---:|---:|---:|---:|---:|---:|\n", torrents)
	crowd := fanout.Crowd{Count: 1, Sessions: 1, Topics: []string{"torrents"}, Stamp: rowStamp}
	var last bytesOf
	err := b.withCrowd(ctx, fanout.People(1, torrents), crowd, func(r *fanout.Run, _ fanout.Opening) error {
		for _, rows := range rowCounts {
			messages, err := change(r, rows)
			if err != nil {
				return err
			}
			last = bytesOf{}
			for _, m := range messages {
				if err := last.add(m); err != nil {
					return err
				}
			}
			b.writef("| %d | %d | %d | %d | %d | %d | %.1f | %.1f |\n", rows, last.json, last.around, last.deflated, last.cbor, last.cborDeflated,
				float64(last.json)/float64(rows), float64(last.cbor)/float64(rows))
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.writef("\nWith %d rows CBOR takes %.2f of JSON's bytes, deflated JSON %.2f and deflated CBOR %.2f.\n", rowCounts[len(rowCounts)-1],
		part(last.cbor, last.json), part(last.deflated, last.json), part(last.cborDeflated, last.json))
	return nil
}

func part(a, b int) float64 { return share(a, b) / 100 }

// change changes rows and returns the messages that say so.
func change(r *fanout.Run, rows int) ([]string, error) {
	// The tick is so far away that nothing of before is still under way.
	_, err := r.Measure(fanout.Command{Op: "change", Ticks: 1, Interval: time.Second, Rows: rows}, rows)
	if err != nil {
		return nil, err
	}
	seen, err := r.Order("keep")
	return seen.Messages, err
}

// add weighs a message in all forms.
func (n *bytesOf) add(message string) error {
	var frame map[string]any
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	if err := d.Decode(&frame); err != nil {
		return err
	}
	rows, err := json.Marshal(frame["rows"])
	if err != nil {
		return err
	}
	binary, err := cbor.Marshal(compact(frame, make(names)))
	if err != nil {
		return err
	}
	small, err := deflated([]byte(message))
	if err != nil {
		return err
	}
	smallest, err := deflated(binary)
	n.json, n.around, n.cbor = n.json+len(message), n.around+len(message)-len(rows), n.cbor+len(binary)
	n.deflated, n.cborDeflated = n.deflated+small, n.cborDeflated+smallest
	return err
}

func deflated(b []byte) (int, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(b); err != nil {
		return 0, err
	}
	err = w.Close()
	return out.Len(), err
}
