package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// machine is a table of what the figures depend on.
func machine() string {
	rows := [][2]string{
		{"processors", fmt.Sprintf("%d × %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name"))},
		{"memory", field("/proc/meminfo", "MemTotal")},
		{"system", strings.Trim(fieldBy("/etc/os-release", "PRETTY_NAME", "="), `"`)},
		{"go", runtime.Version()},
		{"tor", firstLine("tor", "--version")},
		{"transmission", firstLine("transmission-daemon", "--version")},
		{"chromium", firstLine("chromium", "--version")},
	}
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", r[0], r[1])
	}
	return b.String()
}

func field(path, key string) string { return fieldBy(path, key, ":") }

// fieldBy returns the value of the first "key SEP value" line of a file.
func fieldBy(path, key, sep string) string {
	b, _ := os.ReadFile(path)
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, sep); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// firstLine is the last line of the first output that looks like a version.
func firstLine(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.ContainsAny(line, "0123456789") && !strings.Contains(line, "operator") {
			return strings.TrimSpace(line)
		}
	}
	return "unknown"
}

// rss is a process's resident memory in MiB: VmRSS of proc(5).
func rss(pid int) float64 {
	kb, _ := strconv.ParseFloat(strings.TrimSuffix(field(fmt.Sprintf("/proc/%d/status", pid), "VmRSS"), " kB"), 64)
	return kb / 1024
}

// quantile returns the value below which the part q of the sorted samples lies.
func quantile(sorted []time.Duration, q float64) time.Duration {
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func sorted(samples []time.Duration) []time.Duration { return slices.Sorted(slices.Values(samples)) }
