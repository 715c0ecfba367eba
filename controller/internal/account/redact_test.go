package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestNothingSecretIsPrinted(t *testing.T) {
	const secret = "s3cr3t-s3cr3t"
	var id SessionID
	copy(id[:], secret)
	values := map[string]any{
		"user": User(secret), "ticket": Ticket(secret), "session token": SessionToken(secret),
		"setup token": SetupToken(secret), "session": id,
		"API token": APIToken(secret), "step": StepToken(secret), "invitation": InvitationToken(secret), "factor": FactorSecret(secret),
		"enrolment": Enrolment{secret, secret, secret}, "second": &Second{Step: secret},
		"principal": Principal{User: secret, Role: RoleAdmin, Session: id}, "pointer": &Principal{User: secret, Session: id},
		"slice": []User{secret}, "map": map[int]Ticket{1: secret},
	}
	for kind, v := range values {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3v"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			t.Fatal(err)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("m", "v", v, slog.Group("g", "v", v))
		}
		for _, leak := range []string{secret, fmt.Sprintf("%x", secret), strings.ToUpper(fmt.Sprintf("%x", secret)), "115, 51, 99", "115 51 99"} {
			if strings.Contains(out.String(), leak) {
				t.Errorf("%s prints %q:\n%s", kind, leak, &out)
			}
		}
	}
}

func FuzzHashSecret(f *testing.F) {
	good := newSecret()
	for _, seed := range []string{"", good, good[:42], good + "=", strings.Repeat("\n", 43), otherSpareBits(good)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, ok := hashSecret(text)
		if !ok {
			return
		}
		b, err := strict.DecodeString(text)
		if err != nil || strict.EncodeToString(b) != text {
			t.Fatalf("%q has more than one form", text)
		}
	})
}

func FuzzParseUser(f *testing.F) {
	for _, seed := range []string{"", "Ada", "a.b-c_d", "ä", "a b", strings.Repeat("x", 33)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		user, err := parseUser(name)
		if err != nil {
			return
		}
		again, err := parseUser(string(user))
		if err != nil || again != user || strings.ContainsAny(string(user), " /\\<>*\x00") {
			t.Fatalf("%q is %q, then %q, %v", name, string(user), string(again), err)
		}
	})
}

func FuzzPrintable(f *testing.F) {
	for _, seed := range []string{"", " Firefox ", "a\x00b\x1b[0m", "\u202eexe.txt", "\xff\xfe", "ab cd", strings.Repeat("ä ", 9)} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 0 {
			return
		}
		shown := printable(text, limit)
		if n := utf8.RuneCountInString(shown); !utf8.ValidString(shown) || n > limit || printable(shown, limit) != shown {
			t.Fatalf("%q is shown as %q", text, shown)
		}
		for _, r := range shown {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q is shown as %q", text, shown)
			}
		}
	})
}
