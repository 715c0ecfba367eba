package main

import (
	"os/exec"
	"strings"
	"testing"
)

// A seized box must hold nothing of home: no accounts, no tickets, no page, and
// no server of any of these.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	imports := strings.Fields(string(out))
	if len(imports) < 50 {
		t.Fatalf("go list names %d packages only", len(imports))
	}
	for _, path := range imports {
		for _, forbidden := range []string{
			"offing/controller", "offing/ui", "offing/scripts", "offing/tunnel/tornet",
			"github.com/gofiber", "github.com/valyala/fasthttp", "github.com/fasthttp",
			"github.com/nats-io", "github.com/alexedwards/argon2id", "github.com/chromedp",
			"testing", "expvar", "net/http/pprof",
		} {
			if path == forbidden || strings.HasPrefix(path, forbidden+"/") {
				t.Errorf("the agent imports %s", path)
			}
		}
		if rest, ok := strings.CutPrefix(path, "offing/"); ok && !allowed(rest) {
			t.Errorf("the agent imports %s, which nobody said it may", path)
		}
	}
}

// allowed tells whether a package of ours may be part of the agent.
func allowed(path string) bool {
	for _, prefix := range []string{"agent", "tunnel", "configs"} {
		if path == prefix || strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}
