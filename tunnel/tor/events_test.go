package tor

import "testing"

func TestParsePhase(t *testing.T) {
	for s, want := range map[string]phase{
		`NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"`: {100, "Done", ""},
		`WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a \"relay\"" WARNING="Network is unreachable" REASON=NOROUTE COUNT=2`: {
			5, `Connecting to a "relay"`, "Network is unreachable"},
		`NOTICE BOOTSTRAP PROGRESS=0`: {0, "", ""},
	} {
		if got, ok := parsePhase(s); !ok || got != want {
			t.Errorf("parsePhase(%s) = %+v, %v", s, got, ok)
		}
	}
	for _, s := range []string{
		"", "NOTICE", "NOTICE CIRCUIT_ESTABLISHED", "NOTICE BOOTSTRAP", "NOTICE BOOTSTRAP PROGRESS=x",
		"NOTICE BOOTSTRAP PROGRESS=101", "NOTICE BOOTSTRAP PROGRESS=-1", "LOUD BOOTSTRAP PROGRESS=1",
	} {
		if got, ok := parsePhase(s); ok {
			t.Errorf("parsePhase(%q) = %+v", s, got)
		}
	}
}

func FuzzParsePhase(f *testing.F) {
	f.Add(`NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"`)
	f.Add(`WARN BOOTSTRAP PROGRESS=5 SUMMARY="a \"b\" \\" WARNING="x`)
	f.Add(`NOTICE BOOTSTRAP = == A= PROGRESS="7" B`)
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := parsePhase(s)
		if ok && (p.percent < 0 || p.percent > ready || len(p.summary)+len(p.warning) > len(s)) {
			t.Fatalf("parsePhase(%q) = %+v", s, p)
		}
	})
}
