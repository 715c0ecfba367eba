package lab

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"offing/agent/simulator"
)

// webFields are what the list of Transmission 4.0's own page asks for at each of
// its polls (web/src/torrent.js: id and Torrent.Fields.Stats); 3.00's asks for
// the same, as objects.
var webFields = strings.Fields(`id error errorString eta isFinished isStalled leftUntilDone metadataPercentComplete
	peersConnected peersGettingFromUs peersSendingToUs percentDone queuePosition rateDownload rateUpload recheckProgress
	seedRatioMode seedRatioLimit sizeWhenDone status trackers downloadDir uploadedEver uploadRatio webseedsSendingToUs`)

// floodFields are what Flood asks for (server/services/Transmission/clientGatewayService.ts).
var floodFields = strings.Fields(`hashString downloadDir name haveValid addedDate dateCreated rateDownload rateUpload
	downloadedEver uploadedEver eta isPrivate error errorString peersGettingFromUs peersSendingToUs status totalSize
	trackers labels`)

// listFields are what our agent asks for, its full pass.
var listFields = strings.Fields(`id hashString name errorString addedDate labels status error sizeWhenDone leftUntilDone
	metadataPercentComplete recheckProgress rateDownload rateUpload downloadedEver uploadedEver peersConnected
	peersSendingToUs peersGettingFromUs webseedsSendingToUs doneDate queuePosition
	downloadDir totalSize file-count isPrivate isFinished activityDate secondsSeeding downloadLimit downloadLimited
	uploadLimit uploadLimited honorsSessionLimits bandwidthPriority peer-limit seedRatioMode seedRatioLimit seedIdleMode
	seedIdleLimit sequential_download trackers`)

// browserHeaders are those of Firefox, which Tor Browser is.
var browserHeaders = map[string]string{
	"User-Agent":       "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Accept":           "application/json, text/javascript, */*; q=0.01",
	"Accept-Language":  "en-US,en;q=0.5",
	"Content-Type":     "json",
	"X-Requested-With": "XMLHttpRequest",
	"Connection":       "keep-alive",
}

// rival polls the box by HTTP, and is charged for the requests and the answers,
// headers included.
type rival struct {
	t                      *testing.T
	box                    http.Handler
	gzip                   bool // the answers are compressed
	session                string
	up                     int // bytes
	down                   int
	updates                int
	sessionUp, sessionDown int // the part of session-get
}

func newRival(t *testing.T, sim *simulator.Simulator, gzip bool) *rival {
	r := &rival{t: t, box: sim, gzip: gzip}
	res := r.do([]byte("{}"))
	r.session = res.Header.Get("X-Transmission-Session-Id")
	return r
}

type arguments struct {
	Fields []string `json:"fields,omitempty"`
	Format string   `json:"format,omitempty"`
	IDs    string   `json:"ids,omitempty"`
}

// call returns the bytes of the answer's body.
func (r *rival) call(method string, a *arguments) []byte {
	body, err := json.Marshal(struct {
		Method    string     `json:"method"`
		Arguments *arguments `json:"arguments,omitempty"`
	}{method, a})
	if err != nil {
		r.t.Fatal(err)
	}
	answer := r.do(body)
	if answer.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %s", method, answer.Status)
	}
	var down countWriter
	content := answer.Body.(*kept).content
	if err := answer.Write(&down); err != nil {
		r.t.Fatal(err)
	}
	r.down += int(down)
	return content
}

// kept keeps what it gives.
type kept struct {
	*bytes.Reader
	content []byte
}

func (*kept) Close() error { return nil }

func (r *rival) do(body []byte) *http.Response {
	req := httptest.NewRequest(http.MethodPost, "http://box.onion/transmission/rpc", bytes.NewReader(body))
	for k, v := range browserHeaders {
		req.Header.Set(k, v)
	}
	if r.gzip {
		req.Header.Set("Accept-Encoding", "gzip, deflate")
	}
	if r.session != "" {
		req.Header.Set("X-Transmission-Session-Id", r.session)
		r.up += requestSize(r.t, req, body)
	}
	w := httptest.NewRecorder()
	r.box.ServeHTTP(w, req)
	res := w.Result()
	res.ContentLength = int64(w.Body.Len())
	res.Body = &kept{bytes.NewReader(w.Body.Bytes()), w.Body.Bytes()}
	return res
}

func requestSize(t *testing.T, req *http.Request, body []byte) int {
	var n countWriter
	if err := req.Write(&n); err != nil {
		t.Fatal(err)
	}
	req.Body = &kept{bytes.NewReader(body), body}
	return int(n)
}

type countWriter int

func (n *countWriter) Write(p []byte) (int, error) {
	*n += countWriter(len(p))
	return len(p), nil
}
