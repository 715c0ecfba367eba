package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"offing/tunnel/report"
)

func FuzzWriteJSON(f *testing.F) {
	for _, seed := range []string{"", "plain <&>", "\x1b[2J", "\u009b31m", "\u202e\u2066", "\u2028", "\U000e0041", "音楽 😀", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		var out bytes.Buffer
		if err := report.WriteJSON(&out, report.Box{Box: name}); err != nil {
			t.Fatal(err)
		}
		text, ok := strings.CutSuffix(out.String(), "\n")
		if !ok {
			t.Error("the line is not ended")
		}
		for _, r := range text {
			if !unicode.IsPrint(r) {
				t.Errorf("character %U in %q", r, text)
			}
		}
		var back report.Box
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(name) && back.Box != name {
			t.Errorf("%q came back as %q", name, back.Box)
		}
	})
}
