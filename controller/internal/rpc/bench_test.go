package rpc

import (
	"fmt"
	"strings"
	"testing"

	"offing/tunnel/state"
)

// listFields are what a web page asks for, to show a list.
var listFields = []string{
	"id", "name", "status", "error", "errorString", "eta", "isFinished", "isStalled", "leftUntilDone", "metadataPercentComplete",
	"peersConnected", "peersGettingFromUs", "peersSendingToUs", "percentDone", "queuePosition", "rateDownload", "rateUpload",
	"recheckProgress", "seedRatioMode", "seedRatioLimit", "sizeWhenDone", "totalSize", "uploadedEver", "uploadRatio", "webseedsSendingToUs", "downloadDir",
}

// BenchmarkTorrentGet is a list of 10,000 torrents, of which some have changed since it
// was told.
func BenchmarkTorrentGet(b *testing.B) {
	h := newHouse(b)
	var all []*state.Torrent
	for i := range 10_000 {
		all = append(all, sample(i+1))
	}
	h.put("attic", "anna", all...)
	var moves int64
	for _, format := range []string{"objects", "table"} {
		body := fmt.Sprintf(`{"method":"torrent-get","arguments":{"format":%q,"fields":["%s"]}}`, format, strings.Join(listFields, `","`))
		for _, changes := range []int{10_000, 200, 1, 0} {
			b.Run(fmt.Sprintf("%s/changes=%d", format, changes), func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					b.StopTimer()
					moves++
					changed := make([]*state.Torrent, changes)
					for i := range changed {
						moved := *all[i]
						moved.Downloaded += moves
						changed[i] = &moved
					}
					h.put("attic", "", changed...)
					b.StartTimer()
					r := h.raw("anna-token", "", body)
					b.SetBytes(int64(len(r.Body)))
				}
			})
		}
	}
}
