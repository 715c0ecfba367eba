package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// command is a line of the driver; package fanout, a folder up, says what the
// operations mean. What is not known here is not for a peer.
type command struct {
	Op       string        `json:"op"`
	Topics   int           `json:"topics"`
	Ticks    int           `json:"ticks"`
	Size     int           `json:"size"` // bytes of an object
	Interval time.Duration `json:"interval"`
}

// usage answers each command.
type usage struct {
	CPU        time.Duration `json:"cpu"`
	Resident   int64         `json:"resident"` // bytes
	Goroutines int           `json:"goroutines"`
}

// obey says where the peer listens and does what the driver wants until that is gone.
func obey(in io.Reader, out io.Writer, address string, publish func(string, []byte)) error {
	answers := json.NewEncoder(out)
	if err := answers.Encode(map[string]string{"listen": address}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		switch c.Op {
		case "usage":
		case "settle":
			debug.FreeOSMemory() // collects garbage first
		case "publish":
			c.publish(publish)
		default:
			return fmt.Errorf("unknown operation %q", c.Op)
		}
		u, err := use()
		if err == nil {
			err = answers.Encode(u)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// publish sends an object to each topic, at each tick.
func (c *command) publish(publish func(string, []byte)) {
	ticks := time.NewTicker(c.Interval)
	defer ticks.Stop()
	for range c.Ticks {
		<-ticks.C
		for i := range c.Topics {
			publish("t"+strconv.Itoa(i), object(c.Size))
		}
	}
}

// object is a message of so many bytes that says when it was made.
func object(size int) []byte {
	b := strconv.AppendInt([]byte(`{"at":`), time.Now().UnixNano(), 10)
	b = append(b, `,"pad":"`...)
	b = append(b, strings.Repeat("x", max(0, size-len(b)-2))...)
	return append(b, `"}`...)
}

// use says what the process has used.
func use() (usage, error) {
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		return usage{}, err
	}
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return usage{}, err
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return usage{}, errors.New("/proc/self/statm is not as proc(5) says")
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return usage{
		CPU:      time.Duration(spent.Utime.Nano() + spent.Stime.Nano()),
		Resident: pages * int64(os.Getpagesize()), Goroutines: runtime.NumGoroutine(),
	}, err
}
