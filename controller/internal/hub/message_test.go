package hub

import (
	"encoding/json"
	"testing"
)

var seeds = []string{
	`{"op":"open","ticket":"x"}`,
	`{"op":"subscribe","topic":"torrents"}`,
	`{"op":"subscribe","topic":"torrents","epoch":"0123456789abcdef","seq":12}`,
	`{"op":"unsubscribe","topic":"line"}`,
	`{"op":"subscribe","topic":"torrents","seq":-1}`,
	`{"op":"subscribe","topic":"torrents"}{}`,
	`{"op":"subscribe","topic":"torrents","seq":18446744073709551615}`,
	`{"OP":"open"}`, `{}`, `[]`, `null`, ``, "\xff", `{"op":"open","ticket":"x","topic":"y"}`,
}

func TestDecodeSeeds(t *testing.T) {
	good := 0
	for _, s := range seeds {
		if _, err := decode([]byte(s)); err == nil {
			good++
		}
	}
	if good != 5 {
		t.Errorf("%d of the seeds are good messages, want 5", good)
	}
}

// FuzzDecode: whatever decode takes has a known form and survives a round trip.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		r, err := decode(message)
		if err != nil {
			return
		}
		if len(message) > MaxMessage {
			t.Fatalf("%d bytes were taken", len(message))
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decode(again)
		if err != nil && len(again) <= MaxMessage {
			t.Fatalf("%q was taken, %q was not: %v", message, again, err)
		}
		if err == nil && back != r {
			t.Fatalf("%+v came back as %+v", r, back)
		}
	})
}
