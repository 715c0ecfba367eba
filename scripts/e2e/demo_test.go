package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"offing/scripts/rig"
)

// TestDemo runs the demo beside the system of the other tests, twice on the same
// state: it says in one line that it is ready, and an interrupt leaves no process.
func TestDemo(t *testing.T) {
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "offing/scripts/offing-demo")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the demo: %v\n%s", err, out)
	}
	state := filepath.Join(t.TempDir(), "demo")
	for _, run := range []string{"first", "second"} {
		cmd := exec.Command(filepath.Join(bin, "offing-demo"), "--bin", binaries(), "--state", state, "--torrents", "20", "--json")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var said struct {
			Ready                              bool
			URL, User, Password, Socket, Onion string
			PIDs                               rig.PIDs
		}
		if err := json.NewDecoder(stdout).Decode(&said); err != nil {
			cmd.Process.Kill()
			t.Fatalf("%s run: %v: %s", run, err, stderr.String())
		}
		none := rig.PIDs{}
		if !said.Ready || said.URL == "" || said.User == "" || said.Password == "" || said.Socket == "" || said.PIDs == none ||
			!strings.HasSuffix(said.Onion, ".onion") {
			t.Errorf("%s run: the demo said %+v", run, said)
		}
		if len(using(t, state)) == 0 {
			t.Errorf("%s run: no process of the demo was found: this test sees nothing", run)
		}
		cmd.Process.Signal(syscall.SIGINT)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s run: the interrupted demo: %v: %s", run, err, stderr.String())
		}
		if left := using(t, state); len(left) > 0 {
			t.Errorf("%s run: processes are left: %q", run, left)
		}
	}
}

// using returns the command lines of the processes that name dir.
func using(t *testing.T, dir string) (found []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, _ := os.ReadFile(file) // a process that has ended names nothing
		if bytes.Contains(line, []byte(dir)) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
