package tor

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// orphanDir names the folder of the process that TestKilledParent kills.
const orphanDir = "OFFING_TEST_ORPHAN_DIR"

// runOrphanParent is that process: it tells its tor's id and waits to be killed.
func runOrphanParent(dir string) {
	tor, err := New(Config{
		DataDir: dir + "/data", RunDir: dir, Client: true, Extra: []string{"DisableNetwork 1"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	go tor.Run(context.Background())
	for {
		changed := tor.Changed()
		// Its summary is tor's own once the control connection owns the process.
		if s := tor.Status(); s.Running && s.Summary == "Starting" {
			fmt.Println("tor", s.PID)
			select {}
		}
		<-changed
	}
}

func TestKilledParent(t *testing.T) {
	t.Parallel()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), orphanDir+"="+shortDir(t))
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
	pid, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(line), "tor "))
	if err != nil {
		t.Fatalf("the parent said %q", line)
	}
	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(handle)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait() // until it is reaped, its process id still seems to live
	// The descriptor of a process becomes readable when it ends.
	poll := []unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, int(patience.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			unix.Kill(pid, unix.SIGKILL)
			t.Fatal("the killed parent left its tor running")
		}
		return
	}
}
