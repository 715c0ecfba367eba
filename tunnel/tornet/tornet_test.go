package tornet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait; only a failure takes this long.
const patience = 2 * time.Minute

// orphanDir names the folder of the process that TestKilledParent kills.
const orphanDir = "OFFING_TEST_ORPHAN_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(orphanDir); dir != "" {
		runOrphanParent(dir)
		return
	}
	os.Exit(m.Run())
}

// TestNetwork has the latency of a distant network, which takes every part of
// the package.
func TestNetwork(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	dir := t.TempDir()
	var steps []string
	n, err := Start(ctx, Config{
		Dir: dir, Authorities: 3, Relays: 1, Latency: 10 * time.Millisecond,
		Progress: func(s string) { steps = append(steps, s) },
	})
	if err != nil {
		t.Fatalf("%v after %q", err, steps)
	}
	defer n.Close()
	if steps[0] != "keys 0/3" || steps[3] != "keys 3/3" || !strings.HasPrefix(steps[len(steps)-1], "consensus with 4") {
		t.Errorf("progress: %q", steps)
	}
	lines := strings.Join(n.ClientLines(), "\n")
	if strings.Count(lines, "DirAuthority ") != 3 || !strings.Contains(lines, "TestingTorNetwork 1") {
		t.Errorf("client lines:\n%s", lines)
	}
	handles := watch(t, n.PIDs())
	if len(handles) != 4 {
		t.Errorf("%d processes", len(handles))
	}
	n.Close()
	n.Close()
	await(t, handles)
	checkGone(t, dir)
}

// TestCancelled cancels at each step that Start tells of.
func TestCancelled(t *testing.T) {
	for _, at := range []string{"keys 0/", "keys 1/", "keys 3/", "4 relays started"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			dir := t.TempDir()
			n, err := Start(ctx, Config{Dir: dir, Relays: 1, Progress: func(s string) {
				if strings.HasPrefix(s, at) {
					cancel()
				}
			}})
			if !errors.Is(err, context.Canceled) || n != nil {
				t.Errorf("Start: %v, %v", n, err)
			}
			checkGone(t, dir)
		})
	}
}

// TestFailure: what a tor complains of reaches the caller, and the others end.
func TestFailure(t *testing.T) {
	dir := t.TempDir()
	n := &Network{cfg: Config{Dir: dir}, cancel: func() {}}
	node, err := newNode(dir, "not a nickname", false, false)
	if err != nil {
		t.Fatal(err)
	}
	n.nodes = append(n.nodes, node)
	if err := node.start(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := n.awaitConsensus(t.Context()); err == nil || !strings.Contains(err.Error(), "Nickname") {
		t.Errorf("the error does not say what is wrong: %v", err)
	}
	n.Close()
}

// runOrphanParent is the process that is killed: it tells its tors' ids.
func runOrphanParent(dir string) {
	n := &Network{cancel: func() {}, cfg: Config{Dir: dir, Authorities: 1, Relays: 1, Log: slog.New(slog.DiscardHandler)}}
	n.cfg.Progress = func(s string) {
		if strings.HasPrefix(s, "consensus") { // a tor that starts would end of the closed pipe alone
			fmt.Println(n.PIDs())
		}
	}
	fmt.Println(n.run(context.Background()))
}

func TestKilledParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), orphanDir+"="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait() // a second time is an error that does not matter
	defer parent.Process.Kill()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, word := range strings.Fields(strings.Trim(line, "[]\n")) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatalf("the parent said %q", line)
		}
		pids = append(pids, pid)
	}
	if len(pids) != 2 {
		t.Fatalf("the parent has the tors %v", pids)
	}
	handles := watch(t, pids)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait() // until it is reaped, its process id still seems to live
	await(t, handles)
}

// watch returns descriptors that become readable when their process ends.
func watch(t *testing.T, pids []int) []unix.PollFd {
	t.Helper()
	var handles []unix.PollFd
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			t.Fatalf("process %d: %v", pid, err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		handles = append(handles, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	return handles
}

// await waits until all of the processes have ended.
func await(t *testing.T, handles []unix.PollFd) {
	t.Helper()
	for i := range handles {
		for handles[i].Revents == 0 {
			n, err := unix.Poll(handles[i:i+1], int(patience.Milliseconds()))
			if err != nil && err != unix.EINTR {
				t.Fatal(err)
			}
			if err == nil && n == 0 {
				t.Fatal("a tor is still running")
			}
		}
	}
}

// checkGone verifies that no process was started with a file in dir.
func checkGone(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if args, err := os.ReadFile(file); err == nil && strings.Contains(string(args), dir) {
			t.Errorf("a process is left: %q", args)
		}
	}
}

// TestDelay measures nothing: in the bubble's time a delay is exact.
func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, farNear := net.Pipe()
		nearFar, far := net.Pipe()
		var copying sync.WaitGroup
		copying.Go(func() { delayCopy(nearFar, farNear, 25*time.Millisecond) })
		start := time.Now()
		go func() { io.WriteString(near, "hello"); near.Close() }()
		got, err := io.ReadAll(far)
		if err != nil || string(got) != "hello" || time.Since(start) != 25*time.Millisecond {
			t.Errorf("%q after %v, %v", got, time.Since(start), err)
		}
		copying.Wait()
	})
}

func TestUsableRelays(t *testing.T) {
	consensus := "network-status-version 3 microdesc\nr a\ns Fast HSDir Running Stable\nr b\ns Running\nr c\ns Running Stable V2Dir HSDir\nr d\ns HSDir Running\nshared-rand\n"
	if got := usableRelays(consensus); got != 2 {
		t.Errorf("usableRelays = %d", got)
	}
}

func FuzzUsableRelays(f *testing.F) {
	f.Add("s Running Stable HSDir\n")
	f.Add("s HSDir HSDir\ns")
	f.Fuzz(func(t *testing.T, s string) {
		if n := usableRelays(s); n < 0 || n > strings.Count(s, "\n")+1 {
			t.Fatalf("%d relays in %q", n, s)
		}
	})
}
