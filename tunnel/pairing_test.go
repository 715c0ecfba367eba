package tunnel

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"offing/tunnel/tor"
)

// A fixed pairing. Its address is that of the ed25519 key of the seed 1, 1, …;
// its host key that of 2, 2, …; its secret is 3, 3, ….
const (
	vectorAddress = "rkeohxlubhyzl7ks3mwtzos5olfgocn7dwkbeg7toseadnapn5optfad"
	vectorCode    = "offing1-agfiry65-oqe7dfp5-klns2pf2-lvzmuzyj-x4ozieq3-6n2iqanu-b5xvz6mu-aoats5yo-vb6rox2w-unkgnq2m-p3gmxdmk-sg2o4n5c-lx3a6w4p-zgzziayd-ambqgayd-ambqgayd-ambqgayd-ambqgayd-ambqgayd-ambqgayd-5vb2ihjo"
	vectorAuth    = "31ae18190b75a3fa30d2fee4efa9f46d4da0874e3a2328868691bbcde337b7a3"
	vectorLogin   = "f768c677c411c2467dc1913a9be6a9b73c5af13b6f24ea665467df6cf654c3ed"
)

func repeat(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func vector(t testing.TB) Pairing {
	t.Helper()
	address, err := tor.ParseAddress(vectorAddress)
	if err != nil {
		t.Fatal(err)
	}
	host := ed25519.NewKeyFromSeed(repeat(2)).Public().(ed25519.PublicKey)
	return Pairing{Address: address, HostKey: host, Secret: [32]byte(repeat(3))}
}

func equal(a, b Pairing) bool {
	return a.Address == b.Address && a.HostKey.Equal(b.HostKey) && a.Secret == b.Secret
}

// A code or key that came out differently would strand every box in use.
func TestPairingVector(t *testing.T) {
	p := vector(t)
	if got := p.Code(); got != vectorCode {
		t.Errorf("code:\n%s\nwant\n%s", got, vectorCode)
	}
	auth, login := p.ClientAuth(), p.Login()
	if got := hex.EncodeToString(auth[:]); got != vectorAuth {
		t.Errorf("client authorization key %s, want %s", got, vectorAuth)
	}
	if got := hex.EncodeToString(login.Seed()); got != vectorLogin {
		t.Errorf("login key %s, want %s", got, vectorLogin)
	}
}

func TestNewPairing(t *testing.T) {
	v := vector(t)
	a, err := NewPairing(v.Address, v.HostKey)
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewPairing(v.Address, v.HostKey)
	if err != nil {
		t.Fatal(err)
	}
	if a.Secret == b.Secret || a.Secret == [32]byte{} {
		t.Error("the secret is not random")
	}
	if got, err := ParsePairing(a.Code()); err != nil || !equal(got, a) {
		t.Errorf("the code does not give the pairing back: %v", err)
	}
	if _, err := NewPairing("nonsense", v.HostKey); err == nil {
		t.Error("a pairing without an address was made")
	}
	if _, err := NewPairing(v.Address, v.HostKey[:31]); err == nil {
		t.Error("a pairing without a host key was made")
	}
}

func TestParsePairingForgives(t *testing.T) {
	code := vectorCode
	for name, s := range map[string]string{
		"as printed":       code,
		"line break":       code + "\r\n",
		"wrapped":          code[:40] + "\n    " + code[40:90] + "\n" + code[90:],
		"upper case":       strings.ToUpper(code),
		"no hyphens":       strings.ReplaceAll(code, "-", ""),
		"spaces":           strings.ReplaceAll(code, "-", " "),
		"typeset hyphens":  strings.ReplaceAll(code, "-", "\u2011"),
		"invisible spaces": strings.ReplaceAll(code, "-", "-\u200b"),
	} {
		if p, err := ParsePairing(s); err != nil || !equal(p, vector(t)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParsePairingErrors(t *testing.T) {
	code := vectorCode
	swap := func(i int, c byte) string { return code[:i] + string(c) + code[i+1:] }
	other := byte('b')
	if code[100] == other {
		other = 'c'
	}
	for _, test := range []struct {
		name, code string
		want       error
		text       string
	}{
		{"empty", "", ErrNotPairing, "offing-agent pair"},
		{"onion address", vectorAddress + ".onion", ErrNotPairing, "offing1-"},
		{"no version", "offing-" + code[len(codePrefix):], ErrNotPairing, "offing1-"},
		{"huge", strings.Repeat("a", maxCode+1), ErrNotPairing, "too long"},
		{"next version", "offing2-" + code[len(codePrefix):], ErrPairingNewer, "update"},
		{"version 10", "offing10-" + code[len(codePrefix):], ErrPairingNewer, "update"},
		{"half of it", code[:80], ErrPairingTruncated, "of 168 characters"},
		{"prefix only", codePrefix, ErrPairingTruncated, "0 of 168"},
		{"twice", code + code[len(codePrefix):], ErrPairingMistyped, "168 too many"},
		{"impossible character", swap(12, '9'), ErrPairingMistyped, "character 5 after"},
		{"wrong character", swap(100, other), ErrPairingMistyped, "checksum"},
	} {
		_, err := ParsePairing(test.code)
		if !errors.Is(err, test.want) || !strings.Contains(fmt.Sprint(err), test.text) {
			t.Errorf("%s: %v; want %v with %q", test.name, err, test.want, test.text)
		}
	}
}

// Any single mistake is noticed, wherever it is.
func TestParsePairingNoticesEachCharacter(t *testing.T) {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	for i := len(codePrefix); i < len(vectorCode); i++ {
		if vectorCode[i] == '-' {
			continue
		}
		other := alphabet[(strings.IndexByte(alphabet, vectorCode[i])+1)%len(alphabet)]
		if _, err := ParsePairing(vectorCode[:i] + string(other) + vectorCode[i+1:]); !errors.Is(err, ErrPairingMistyped) {
			t.Fatalf("%q for %q at %d: %v", other, vectorCode[i], i, err)
		}
	}
}

// No way of printing a pairing, or an error about one, shows any of it.
func TestPairingIsRedacted(t *testing.T) {
	p := vector(t)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", p, &p)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "p", p, "q", &p, "auth", p.ClientAuth())
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "p", p, "q", &p, "auth", p.ClientAuth())
	if err := json.NewEncoder(&out).Encode(map[string]any{"p": p, "q": &p}); err != nil {
		t.Fatal(err)
	}
	for i := range vectorCode {
		if i+20 <= len(vectorCode) {
			broken := vectorCode[:i] + "!" + vectorCode[i+1:]
			_, err := ParsePairing(broken)
			fmt.Fprintln(&out, err)
		}
	}
	text := out.String()
	for name, secret := range map[string]string{
		"code": vectorCode[8:24], "address": vectorAddress[:8], "secret in hex": "030303", "secret in decimal": "3 3 3",
		"client authorization": vectorAuth[:8],
	} {
		if strings.Contains(strings.ToLower(text), secret) {
			t.Errorf("the %s is printed", name)
		}
	}
}

func FuzzParsePairing(f *testing.F) {
	for _, seed := range []string{"", vectorCode, vectorCode[:50], strings.ToUpper(vectorCode), "offing2-aaaa", "offing1-\xff", codePrefix + strings.Repeat("a", 168)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		p, err := ParsePairing(code)
		if err != nil {
			for _, known := range []error{ErrNotPairing, ErrPairingNewer, ErrPairingTruncated, ErrPairingMistyped} {
				if errors.Is(err, known) {
					return
				}
			}
			t.Fatalf("%q: an error without a kind: %v", code, err)
		}
		again, err := ParsePairing(p.Code())
		if err != nil || !equal(p, again) {
			t.Fatalf("%q: the code does not come back: %v", code, err)
		}
	})
}
