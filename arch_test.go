// Package offing_test holds the module to its architecture: which package may
// import which, what only one of them may know, and that each says what it owns.
package offing_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "offing"

// mayImport lists, for each room, the rooms of ours that it may import. A room
// is a folder with all below it; the longest that fits a package is its room.
var mayImport = map[string][]string{
	"tunnel/state":    {},
	"tunnel/wire":     {"tunnel/state"},
	"tunnel/mirror":   {"tunnel/state", "tunnel/wire"},
	"tunnel/report":   {"tunnel/state"},
	"tunnel/command":  {"tunnel/state", "tunnel/wire"},
	"tunnel/link":     {},
	"tunnel/internal": {},
	"tunnel/tor":      {"tunnel/internal"},
	"tunnel/tornet":   {"tunnel/internal"},
	"tunnel":          {"tunnel/state", "tunnel/mirror", "tunnel/link", "tunnel/tor"},

	"configs": {},
	"ui":      {},

	"agent":      {"agent", "configs", "tunnel", "tunnel/state", "tunnel/command", "tunnel/mirror", "tunnel/report", "tunnel/link", "tunnel/tor"},
	"controller": {"controller/client", "configs", "ui", "tunnel", "tunnel/state", "tunnel/command", "tunnel/wire", "tunnel/mirror", "tunnel/report", "tunnel/link", "tunnel/tor"},
	// What only asks a controller must not need one to be built.
	"controller/client": {"tunnel/state", "tunnel/command", "tunnel/report"},

	// A stand-in for the daemon, for tests, the bench and the demo.
	"agent/simulator": {"tunnel/state"},

	"scripts": {"scripts", "agent/simulator", "configs", "controller/client", "tunnel", "tunnel/state", "tunnel/command", "tunnel/wire", "tunnel/mirror", "tunnel/report", "tunnel/link", "tunnel/tor", "tunnel/tornet"},
}

// onlyIn names the one room that knows a library.
var onlyIn = map[string]string{
	"github.com/nats-io/":                "controller/internal/store",
	"github.com/gofiber/":                "controller/internal/web",
	"github.com/go-webauthn/":            "controller/internal/account",
	"github.com/pquerna/otp":             "controller/internal/account",
	"github.com/hekmon/transmissionrpc/": "agent/internal",
	"github.com/cretz/bine/":             "tunnel/tor",
	"github.com/pelletier/go-toml/":      "configs",
}

// notInAgent is what a seized box must not hold.
var notInAgent = []string{module + "/controller", module + "/ui", "github.com/nats-io/", "github.com/gofiber/"}

// pkg is what `go list` says of a package, without its tests.
type pkg struct {
	ImportPath string
	Doc        string
	Standard   bool
	GoFiles    []string
	Imports    []string
}

// list returns the packages of the module, and with deps all that they need.
func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Doc,Standard,GoFiles,Imports"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, stderr.String())
	}
	var pkgs []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) == 0 {
		t.Fatal("go list found nothing")
	}
	return pkgs
}

// ours returns the folder of a package of this module.
func ours(importPath string) (folder string, ok bool) {
	return strings.CutPrefix(importPath, module+"/")
}

// room returns the room that a folder belongs to, or nothing.
func room(folder string) string {
	best := ""
	for r := range maps.Keys(mayImport) {
		if within(folder, r) && len(r) > len(best) {
			best = r
		}
	}
	return best
}

func within(folder, room string) bool { return folder == room || strings.HasPrefix(folder, room+"/") }

func TestImportDirections(t *testing.T) {
	for _, p := range list(t, "./...") {
		from, ok := ours(p.ImportPath)
		if !ok {
			continue // the module's own folder has no package but this test
		}
		r := room(from)
		if r == "" {
			t.Errorf("%s belongs to no room: say in mayImport what it may import", from)
		}
		for _, path := range p.Imports {
			to, ok := ours(path)
			if ok && room(to) != r && !slices.Contains(mayImport[r], room(to)) {
				t.Errorf("%s imports %s", from, to)
			}
			for library, only := range onlyIn {
				if strings.HasPrefix(path, library) && !within(from, only) && !within(from, "scripts") {
					t.Errorf("%s imports %s, which is known in %s only", from, path, only)
				}
			}
		}
	}
}

// TestStateIsPure: the vocabulary needs nothing but the standard library, and of
// that no way out.
func TestStateIsPure(t *testing.T) {
	for _, p := range list(t, "-deps", "./tunnel/state") {
		if _, own := ours(p.ImportPath); !p.Standard && !own {
			t.Errorf("tunnel/state needs %s", p.ImportPath)
		}
		if p.ImportPath == "net" || p.ImportPath == "os/exec" {
			t.Errorf("tunnel/state needs %s", p.ImportPath)
		}
	}
}

func TestAgentHoldsNothingOfHome(t *testing.T) {
	for _, p := range list(t, "-deps", "./agent/cmd/offing-agent") {
		for _, banned := range notInAgent {
			if p.ImportPath == strings.TrimSuffix(banned, "/") || strings.HasPrefix(p.ImportPath, strings.TrimSuffix(banned, "/")+"/") {
				t.Errorf("the agent's binary holds %s", p.ImportPath)
			}
		}
	}
}

func TestEachPackageSaysWhatItOwns(t *testing.T) {
	for _, p := range list(t, "./...") {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no doc comment", p.ImportPath)
		}
	}
}
