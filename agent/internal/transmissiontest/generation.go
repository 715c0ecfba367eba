package transmissiontest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Generation is a release of Transmission that is in use on boxes.
type Generation string

// The generations: Debian 12 ships the first, Debian 13 the second.
const (
	V300 Generation = "3.00"
	V41  Generation = "4.1"
)

// Generations are all of them.
var Generations = []Generation{V300, V41}

// variable41 names the program of V41; scripts/test sets it.
const variable41 = "OFFING_TRANSMISSION_41"

// program returns the path of the generation's transmission-daemon. The test
// fails when it is not there: a generation that nobody tests is not supported.
func (g Generation) program(t testing.TB) string {
	t.Helper()
	if g != V41 {
		path, err := exec.LookPath("transmission-daemon")
		if err != nil {
			t.Fatalf("%v: install Debian 12's package transmission-daemon", err)
		}
		return path
	}
	path := os.Getenv(variable41)
	if path == "" {
		path = cached41()
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("Transmission 4.1 is missing (%v): run `. scripts/lib.sh && need_transmission_41`, or scripts/test, which does, or set %s to its transmission-daemon",
			err, variable41)
	}
	return path
}

// cached41 is where need_transmission_41 in scripts/lib.sh puts it.
func cached41() string {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		cache = filepath.Join(os.Getenv("HOME"), ".cache")
	}
	return filepath.Join(cache, "offing", "transmission-4.1", "bin", "transmission-daemon")
}
