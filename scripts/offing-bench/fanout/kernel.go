package fanout

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// KernelMemory is what the buffers of all TCP sockets of the machine take, in
// bytes: "mem" of /proc/net/sockstat, which counts pages.
func KernelMemory() int64 {
	text, _ := os.ReadFile("/proc/net/sockstat")
	return sockstat(string(text)) * int64(os.Getpagesize())
}

// sockstat returns the figure behind "mem" in the line of TCP, or 0.
func sockstat(text string) int64 {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "TCP:" {
			continue
		}
		for i := 1; i+1 < len(fields); i += 2 {
			if fields[i] == "mem" {
				pages, _ := strconv.ParseInt(fields[i+1], 10, 64)
				return pages
			}
		}
	}
	return 0
}

// Tuning of the sampler.
const (
	sampleEvery = 20 * time.Millisecond
	sampleOver  = time.Second
)

// sampler watches the kernel's memory: what stays there, not what passes through
// when a tick is sent. So of each second it takes the lowest sample, and of
// those the highest.
type sampler struct {
	done   chan struct{}
	wg     sync.WaitGroup
	before int64
	floors floors
}

func newSampler() *sampler {
	s := &sampler{done: make(chan struct{}), before: KernelMemory()}
	s.wg.Go(s.run)
	return s
}

func (s *sampler) run() {
	ticks := time.NewTicker(sampleEvery)
	defer ticks.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-ticks.C:
			s.floors.add(KernelMemory())
		}
	}
}

// stop returns what there was more than at the beginning.
func (s *sampler) stop() int64 {
	close(s.done)
	s.wg.Wait()
	return s.floors.highest() - s.before
}

// floors are the lowest samples of each second.
type floors struct {
	n           int
	lowest, top int64
}

func (f *floors) add(sample int64) {
	if f.n%int(sampleOver/sampleEvery) == 0 {
		f.top = f.highest()
		f.lowest = sample
	}
	f.lowest = min(f.lowest, sample)
	f.n++
}

func (f *floors) highest() int64 { return max(f.top, f.lowest) }
