package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBoxListensOnNoPort: neither the agent nor its Tor has a listening TCP
// socket or any UDP socket; the onion service ends at a Unix socket.
func TestBoxListensOnNoPort(t *testing.T) {
	pids := system.PIDs()
	for name, pid := range map[string]int{"agent": pids.Agent, "the box's tor": pids.TorBox} {
		if open := listeners(t, pid); len(open) > 0 {
			t.Errorf("%s listens: %v", name, open)
		}
	}
	// The same look must find a port where there is one.
	if len(listeners(t, pids.Controller)) == 0 {
		t.Error("the controller's port was not found: this test sees nothing")
	}
}

// listeners returns the sockets of a process that wait for somebody on TCP or
// UDP, by the kernel's tables (proc_pid_net(5)).
func listeners(t *testing.T, pid int) (found []string) {
	t.Helper()
	own := sockets(t, pid)
	for table, listening := range map[string]string{"tcp": "0A", "tcp6": "0A", "udp": "", "udp6": ""} {
		file, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || !own[fields[9]] {
				continue
			}
			if listening == "" || fields[3] == listening {
				found = append(found, table+" "+fields[1])
			}
		}
	}
	return found
}

// sockets returns the inodes of a process's sockets.
func sockets(t *testing.T, pid int) map[string]bool {
	t.Helper()
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(links) == 0 {
		t.Fatalf("no file descriptors of process %d: %v", pid, err)
	}
	inodes := make(map[string]bool)
	for _, link := range links {
		target, _ := os.Readlink(link) // one that was closed meanwhile is no socket of it
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}
