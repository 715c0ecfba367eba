package tor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// known are public services: the Tor Project's page and DuckDuckGo.
var known = []string{
	"2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid",
	"duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad",
}

func TestParseAddress(t *testing.T) {
	for _, want := range known {
		for _, in := range []string{want, want + ".onion", " " + strings.ToUpper(want) + ".ONION\n"} {
			a, err := ParseAddress(in)
			if err != nil || string(a) != want {
				t.Errorf("ParseAddress(%q) = %q, %v", in, string(a), err)
			}
		}
		if got := Address(want).Host(); got != want+".onion" {
			t.Errorf("Host() = %q", got)
		}
	}
	wrongVersion := known[0][:len(known[0])-1] + "a"
	for _, in := range []string{
		"", ".onion", "example.com", "127.0.0.1", known[0][1:], known[0] + "a",
		"3" + known[0][1:], wrongVersion, "www." + known[0] + ".onion", strings.Repeat("1", addressLen),
	} {
		if a, err := ParseAddress(in); err == nil {
			t.Errorf("ParseAddress(%q) = %q, want an error", in, string(a))
		} else if len(in) > addressLen/2 && strings.Contains(err.Error(), in) {
			t.Errorf("the error repeats what was given: %v", err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range known {
		f.Add(s)
		f.Add(s + ".onion")
	}
	f.Add("example.com")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		if again, err := ParseAddress(a.Host()); err != nil || again != a {
			t.Fatalf("%q came back as %q, %v", string(a), string(again), err)
		}
	})
}

// TestRedaction prints each secret in every way that a log or an error might.
func TestRedaction(t *testing.T) {
	address := Address(known[0])
	key := ClientKey(randomBytes(t))
	public := key.Public()
	secrets := []string{
		known[0][4:], fmt.Sprintf("%x", key[:]), fmt.Sprintf("%v", key[:]), fmt.Sprintf("%x", public[:]),
		fmt.Sprintf("%v", public[:]), public.base32(), fmt.Sprintf("%d", key[0]) + " " + fmt.Sprintf("%d", key[1]),
	}
	var out bytes.Buffer
	for _, v := range []any{address, key, &key, public, &public, []any{address, key}, struct{ K ClientKey }{key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	fmt.Fprintf(&out, "%d %d", key, public)
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "address", address, "key", key, "public", public)
	}
	for _, secret := range secrets {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q is in the output", secret)
		}
	}
	if !strings.Contains(out.String(), known[0][:4]) {
		t.Error("addresses cannot be told apart in a log")
	}
	if b, err := json.Marshal(address); err != nil || string(b) != `"`+known[0]+`"` {
		t.Errorf("an address that is stored must be whole: %s, %v", b, err)
	}
}
