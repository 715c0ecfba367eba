package transmission

import (
	"fmt"
	"testing"

	"offing/tunnel/state"
)

// tableOf returns the answer of 3.00 to torrent-get, with n torrents.
func tableOf(fields []string, n int) []byte {
	b := []byte(`{"arguments":{"removed":[],"torrents":[[`)
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "%q", f)
	}
	for i := range n {
		b = append(b, "],["...)
		for j, f := range fields {
			if j > 0 {
				b = append(b, ',')
			}
			b = append(b, cellOf(f, i)...)
		}
	}
	return append(b, "]]},\"result\":\"success\"}\n"...)
}

// cellOf is what the field holds in the torrent number i.
func cellOf(field string, i int) string {
	switch field {
	case "hashString":
		return fmt.Sprintf(`"%040x"`, i+1)
	case "name":
		return fmt.Sprintf(`"Some.Release.Of.A.Linux.Distribution.%d.x86_64"`, i)
	case "errorString":
		return `""`
	case "labels":
		return `["linux"]`
	case "status":
		return "4"
	case "error", "recheckProgress", "doneDate":
		return "0"
	case "metadataPercentComplete":
		return "1"
	case "peersConnected", "peersSendingToUs", "peersGettingFromUs", "webseedsSendingToUs", "queuePosition", "id":
		return fmt.Sprint(i + 1)
	}
	return fmt.Sprint(1_700_000_000 + i)
}

func benchmarkDecode(b *testing.B, fields []string, moving bool, n int) {
	text := tableOf(fields, n)
	known := make(map[int64]*state.Torrent)
	first, err := decodeListing(tableOf(listFields, n))
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range first.Rows {
		known[r.ID] = &r.Torrent
	}
	var l Listing
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		t := table{moving: moving, into: &l, known: func(id int64) *state.Torrent { return known[id] }}
		if err := t.decode(text); err != nil || len(l.Rows) != n {
			b.Fatal(len(l.Rows), err)
		}
	}
}

func BenchmarkDecodeMoving200(b *testing.B) { benchmarkDecode(b, movingFields, true, 200) }
func BenchmarkDecode200(b *testing.B)       { benchmarkDecode(b, listFields, false, 200) }
func BenchmarkDecode10000(b *testing.B)     { benchmarkDecode(b, listFields, false, 10_000) }

// BenchmarkDecodeNew10000 is a first list, of which nothing is known.
func BenchmarkDecodeNew10000(b *testing.B) {
	text := tableOf(listFields, 10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if l, err := decodeListing(text); err != nil || len(l.Rows) != 10_000 {
			b.Fatal(len(l.Rows), err)
		}
	}
}
