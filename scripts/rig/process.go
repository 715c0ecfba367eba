package rig

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	stopGrace    = 10 * time.Second // between SIGTERM and SIGKILL, unless the spec says otherwise
	restartPause = time.Second      // systemd's RestartSec for the same units
	hastyLife    = 3 * time.Second  // a process that lives shorter than this has failed
	hastyDeaths  = 3                // in a row, after which it is given up
)

// spec says how to run a program of the system.
type spec struct {
	name  string
	argv  []string
	log   string              // file that its output is appended to
	line  func(s string) bool // sees each line of output; false keeps the line out of the log; may be nil
	grace time.Duration       // between SIGTERM and SIGKILL; 0 is stopGrace
}

// process is a program that is started again when it dies, as systemd does for
// the same program in earnest, until stop.
type process struct {
	spec
	cancel context.CancelFunc
	ended  chan struct{} // closed when it is down for good

	mu  sync.Mutex
	pid int
	err error // why it was given up
}

// start runs the program and returns once it has been started.
func start(s spec) (*process, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{spec: s, cancel: cancel, ended: make(chan struct{})}
	cmd, out, err := p.launch()
	if err != nil {
		cancel()
		return nil, err
	}
	go p.supervise(ctx, cmd, out)
	return p, nil
}

func (p *process) launch() (*exec.Cmd, *output, error) {
	if err := os.MkdirAll(filepath.Dir(p.log), 0o700); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Stdout, cmd.Stderr = w, w
	// A group of its own keeps the terminal's Ctrl-C from it: we stop it in
	// order. Pdeathsig covers the case that we are killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	err = cmd.Start()
	w.Close()
	if err != nil {
		file.Close()
		r.Close()
		return nil, nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	p.mu.Lock()
	p.pid = cmd.Process.Pid
	p.mu.Unlock()
	return cmd, copyOutput(r, file, p.line), nil
}

func (p *process) supervise(ctx context.Context, cmd *exec.Cmd, out *output) {
	defer close(p.ended)
	for hasty := 0; ; {
		born := time.Now()
		err := p.wait(ctx, cmd)
		out.wait()
		if ctx.Err() != nil {
			return
		}
		if hasty++; time.Since(born) > hastyLife {
			hasty = 0
		}
		if hasty == hastyDeaths {
			p.give(fmt.Errorf("%s ended at once, %d times (%v): %s", p.name, hasty, err, out.last()))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(restartPause):
		}
		if cmd, out, err = p.launch(); err != nil {
			p.give(err)
			return
		}
	}
}

func (p *process) give(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pid, p.err = 0, err
}

// wait waits for cmd, which it ends when ctx ends.
func (p *process) wait(ctx context.Context, cmd *exec.Cmd) error {
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-done:
		return err
	case <-time.After(cmp.Or(p.grace, stopGrace)):
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		return <-done
	}
}

// stop ends the process and waits for it. It may be called twice.
func (p *process) stop() {
	p.cancel()
	<-p.ended
}

// PID is the present process id, or 0.
func (p *process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pid
}

// failed returns why the process was given up, or nil.
func (p *process) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// output copies a process's lines to its log.
type output struct {
	done chan struct{}
	mu   sync.Mutex
	tail string
}

func copyOutput(r io.ReadCloser, log io.WriteCloser, line func(string) bool) *output {
	o := &output{done: make(chan struct{})}
	go func() {
		defer close(o.done)
		defer r.Close()
		defer log.Close()
		in := bufio.NewReader(r)
		for {
			s, err := in.ReadString('\n')
			if s != "" && (line == nil || line(strings.TrimSpace(s))) {
				io.WriteString(log, s)
				o.remember(s)
			}
			if err != nil {
				return
			}
		}
	}()
	return o
}

func (o *output) remember(s string) {
	if s = strings.TrimSpace(s); s != "" {
		o.mu.Lock()
		o.tail = s
		o.mu.Unlock()
	}
}

func (o *output) wait() { <-o.done }

func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.tail == "" {
		return "it said nothing"
	}
	return o.tail
}
