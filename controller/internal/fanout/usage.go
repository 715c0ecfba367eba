package fanout

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what the process has used.
type usage struct {
	CPU        time.Duration `json:"cpu"`      // of all threads, in the kernel too
	Resident   int64         `json:"resident"` // bytes
	Goroutines int           `json:"goroutines"`
}

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
