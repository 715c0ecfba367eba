package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// killDir tells the test binary that it is the writer of TestKill.
const killDir = "OFFING_STORE_KILL_TEST_DIR"

// TestKill kills a writer without warning: whatever it was told to be written is there.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		writeForever(t, dir)
	}
	dir := t.TempDir()
	const rounds, enough = 3, 200
	acknowledged := 0
	for range rounds {
		acknowledged = killAfter(t, dir, acknowledged+enough)
		checkValues(t, dir, acknowledged)
	}
}

// killAfter kills a writer when it has acknowledged value number n, and returns
// the number of the last one that it acknowledged.
func killAfter(t *testing.T, dir string, n int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), killDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if last, err = strconv.Atoi(lines.Text()); err != nil {
			t.Errorf("the writer says %q", lines.Text())
		}
		if last == n {
			_ = cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return last
}

func checkValues(t *testing.T, dir string, n int) {
	t.Helper()
	s, err := Open(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	b, err := s.Bucket(t.Context(), BucketConfig{Name: "kill"})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		if e, err := b.Get(t.Context(), strconv.Itoa(i)); err != nil || string(e.Value) != value(i) {
			t.Fatalf("value %d of %d acknowledged: %q, %v", i, n, e.Value, err)
		}
	}
}

func value(i int) string { return strings.Repeat(strconv.Itoa(i), 50) }

// writeForever goes on after the last value of the writers before it.
func writeForever(t *testing.T, dir string) {
	s := open(t, dir)
	b, err := s.Bucket(t.Context(), BucketConfig{Name: "kill"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := b.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := len(keys) + 1; ; i++ {
		if _, err := b.Create(t.Context(), strconv.Itoa(i), []byte(value(i))); err != nil {
			t.Fatal(err)
		}
		fmt.Println(i)
	}
}
