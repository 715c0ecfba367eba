package simulator

import (
	"strconv"
	"strings"
	"testing"
)

func BenchmarkStep(b *testing.B) {
	for _, size := range []int{1000, 50000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			s := New(Config{Torrents: size, Active: 200})
			b.ReportAllocs()
			for b.Loop() {
				s.Step(tick)
			}
		})
	}
}

// listFields are those of a list, as the agent asks for them.
var listFields = `["id","hashString","name","status","error","errorString","sizeWhenDone","leftUntilDone",` +
	`"metadataPercentComplete","recheckProgress","rateDownload","rateUpload","downloadedEver","uploadedEver",` +
	`"peersConnected","peersSendingToUs","peersGettingFromUs","webseedsSendingToUs","addedDate","doneDate",` +
	`"queuePosition","labels"]`

func BenchmarkAnswer(b *testing.B) {
	s := New(Config{Torrents: 50000, Active: 200, Quiet: true})
	for name, args := range map[string]string{
		"all/table":      `{"fields":` + listFields + `,"format":"table"}`,
		"all/objects":    `{"fields":` + listFields + `}`,
		"recently/table": `{"fields":` + listFields + `,"format":"table","ids":"recently-active"}`,
		"session":        ``,
	} {
		b.Run(name, func(b *testing.B) {
			body := []byte(`{"method":"torrent-get","arguments":` + args + `}`)
			if args == "" {
				body = []byte(`{"method":"session-get"}`)
			}
			buffer := s.answer(nil, body)
			if !strings.Contains(string(buffer), `"result":"success"`) {
				b.Fatalf("%.200s", buffer)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(buffer)))
			for b.Loop() {
				buffer = s.answer(buffer[:0], body)
			}
		})
	}
}
