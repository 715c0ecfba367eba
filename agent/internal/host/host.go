// Package host owns the figures of the machine that the agent runs on: disk,
// memory, processor and network. They are rounded to what a person looks at, so
// that noise does not travel home.
package host

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"

	"offing/tunnel/state"
)

// What the figures are rounded to.
const (
	byteStep   = 1 << 20           // of disk and memory
	cpuStep    = state.Whole / 100 // one per cent
	rateDigits = 2                 // significant decimal digits of a network rate
	uptimeStep = int64(time.Minute / time.Second)
)

// minInterval is the shortest time over which a rate is measured. A sample that
// comes sooner repeats the rates of the one before.
const minInterval = 500 * time.Millisecond

// fallbackDir is measured when the daemon's folder cannot be, or is not known.
const fallbackDir = "/"

// Sampler measures the machine. Rates are those since the sample before, so the
// first has none. It is for one goroutine.
type Sampler struct {
	last counters
	cpu  state.Fraction
	down int64
	up   int64
}

// counters only grow; what they grow by is a rate.
type counters struct {
	at          time.Time
	busy, total float64 // processor seconds
	received    uint64  // bytes
	sent        uint64  // bytes
}

// Sample measures now; dir is a folder of the file system that holds the
// downloads. What cannot be measured is left zero and named in the error.
func (s *Sampler) Sample(ctx context.Context, dir string) (state.Host, error) {
	var h state.Host
	err := errors.Join(
		fillDisk(ctx, &h, dir),
		fillMemory(ctx, &h),
		fillUptime(ctx, &h),
		s.rates(ctx),
	)
	h.CPU, h.NetDown, h.NetUp = s.cpu, s.down, s.up
	return h, err
}

func fillDisk(ctx context.Context, h *state.Host, dir string) error {
	u, err := disk.UsageWithContext(ctx, dir)
	if err != nil {
		// A folder that is gone, or hidden from the agent, says nothing; the
		// root file system is the best guess.
		if u, err = disk.UsageWithContext(ctx, fallbackDir); err != nil {
			return fmt.Errorf("measure the disk: %w", err)
		}
	}
	h.DiskTotal, h.DiskFree = int64(u.Total), step(int64(u.Free), byteStep)
	return nil
}

func fillMemory(ctx context.Context, h *state.Host) error {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return fmt.Errorf("measure the memory: %w", err)
	}
	h.MemTotal, h.MemUsed = int64(m.Total), step(int64(m.Used), byteStep)
	return nil
}

func fillUptime(ctx context.Context, h *state.Host) error {
	seconds, err := host.UptimeWithContext(ctx)
	if err != nil {
		return fmt.Errorf("read the uptime: %w", err)
	}
	h.Uptime = step(int64(seconds), uptimeStep)
	return nil
}

// rates brings cpu, down and up to date.
func (s *Sampler) rates(ctx context.Context) error {
	now, err := count(ctx)
	if err != nil {
		return err
	}
	elapsed := now.at.Sub(s.last.at)
	if elapsed < minInterval {
		return nil
	}
	if !s.last.at.IsZero() {
		s.cpu = share(now.busy-s.last.busy, now.total-s.last.total)
		s.down = rate(s.last.received, now.received, elapsed)
		s.up = rate(s.last.sent, now.sent, elapsed)
	}
	s.last = now
	return nil
}

func count(ctx context.Context) (counters, error) {
	c := counters{at: time.Now()}
	times, err := cpu.TimesWithContext(ctx, false)
	if err == nil && len(times) != 1 {
		err = errors.New("/proc/stat has none")
	}
	if err != nil {
		return c, fmt.Errorf("read the processor's times: %w", err)
	}
	t := times[0]
	c.busy = t.User + t.Nice + t.System + t.Irq + t.Softirq + t.Steal // guests are part of user
	c.total = c.busy + t.Idle + t.Iowait
	cards, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return c, fmt.Errorf("read the network counters: %w", err)
	}
	for _, card := range cards {
		if card.Name != "lo" {
			c.received += card.BytesRecv
			c.sent += card.BytesSent
		}
	}
	return c, nil
}

// share is part of whole, rounded to cpuStep.
func share(part, whole float64) state.Fraction {
	if whole <= 0 {
		return 0
	}
	steps := math.Round(min(max(part/whole, 0), 1) * float64(state.Whole/cpuStep))
	return state.Fraction(steps) * cpuStep
}

// rate is the growth from one count to the next in bytes a second, rounded. A
// count that has become smaller, because an interface went away, is no rate.
func rate(from, to uint64, d time.Duration) int64 {
	if to < from {
		return 0
	}
	return significant(int64(float64(to-from) / d.Seconds()))
}

// significant rounds n, which is not negative, to rateDigits decimal digits.
func significant(n int64) int64 {
	drop := len(strconv.FormatInt(n, 10)) - rateDigits
	if drop <= 0 {
		return n
	}
	unit := int64(math.Pow10(drop))
	if n%unit < unit/2 {
		return n - n%unit
	}
	return n - n%unit + unit
}

// step rounds n down to a multiple of unit.
func step(n, unit int64) int64 { return n - n%unit }
