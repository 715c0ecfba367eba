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

// BenchmarkTorrentGet is a list of 10,000 torrents: all made anew, since one of them has
// changed, and as it was told before.
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
		for _, changing := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/changing=%v", format, changing), func(b *testing.B) {
				b.ReportAllocs()
				for i := range b.N {
					if changing {
						moves++
						moved := *all[i%len(all)]
						moved.Downloaded += moves
						h.put("attic", "", &moved)
					}
					r := h.raw("anna-token", "", body)
					b.SetBytes(int64(len(r.Body)))
				}
			})
		}
	}
}
