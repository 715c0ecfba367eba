package transmission

import (
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]string{
		"http://127.0.0.1:9091/transmission/rpc": "http://127.0.0.1:9091/transmission/rpc",
		"http://127.0.0.1":                       "http://127.0.0.1:9091/transmission/rpc",
		"http://localhost:1/x/rpc":               "http://127.0.0.1:1/x/rpc",
		"https://[::1]:443/":                     "https://[::1]:443/transmission/rpc",
	} {
		e, err := ParseEndpoint(text)
		if err != nil || e.String() != want {
			t.Errorf("%s: got %v, %v, want %s", text, e, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                              "is no URL",
		"127.0.0.1:9091":                "is no URL",
		"ftp://127.0.0.1/":              "is no URL",
		"http://":                       "is no URL",
		"http://daemon.example:9091":    "is a name",
		"http://127.0.0.1:0":            "port",
		"http://127.0.0.1:99999":        "port",
		"http://me:secret@127.0.0.1/":   "password_file",
		"http://me:secret@127.0.0.1:x/": "is no URL",
		"gopher://me:secret@127.0.0.1/": "is no URL",
	} {
		_, err := ParseEndpoint(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	v6, err := ParseEndpoint("http://[::1]:9091")
	if err != nil || v6.host() != "[::1]" {
		t.Errorf("host %q, %v", v6.host(), err)
	}
}
