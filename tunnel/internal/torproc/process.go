// Package torproc owns one process of the tor program: starting it with a torrc
// of ours and nothing else, keeping the last lines of its log, and ending it.
package torproc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// grace is how long tor may take to end before it is killed.
const grace = 5 * time.Second

// ErrBinary means that the tor program is missing or cannot be executed.
var ErrBinary = errors.New("the tor program cannot be run")

// Process is a running tor.
type Process struct {
	cmd  *exec.Cmd
	stop context.CancelFunc
	log  *logTail
	done chan struct{}
	err  error // set before done is closed
}

// Options say what to run.
type Options struct {
	Binary     string     // path or name; "" means "tor"
	Dir        string     // existing folder, where the torrc is written with mode 0600
	Lines      []string   // of the torrc
	Disposable bool       // it has nothing to save: killed at once instead of told to stop
	OnLine     func(Line) // called for each line of the log, from one goroutine; may be nil
}

// Start runs tor with the torrc of o alone: no file of the system's tor is read.
// When ctx ends tor is told to stop, and killed when it has not after five
// seconds. It is killed when this process ends, however that happens.
func Start(ctx context.Context, o Options) (*Process, error) {
	torrc, err := writeConfig(o.Dir, o.Lines)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	binary := cmp.Or(o.Binary, "tor")
	cmd := exec.CommandContext(ctx, binary, "-f", torrc, "--defaults-torrc", torrc+"-defaults", "--ignore-missing-torrc")
	log := &logTail{onLine: o.OnLine}
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.Dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: true, // a terminal's Ctrl-C is ours to handle: tor has to outlive the parts that use it
		// __OwningControllerProcess alone would let tor run on for up to 15
		// seconds, and tor 0.4.9 at times hangs while it ends by itself.
		Pdeathsig: syscall.SIGKILL,
	}
	if !o.Disposable {
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	}
	cmd.WaitDelay = grace
	p := &Process{cmd: cmd, stop: cancel, log: log, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, startError(err)
	}
	return p, nil
}

// run starts the process and waits for it, all in one thread: the kernel takes
// the end of the thread that has started a process for the end of its parent.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer p.stop()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
		close(p.done)
	}
}

func writeConfig(dir string, lines []string) (string, error) {
	for _, line := range lines {
		if err := CheckLine(line); err != nil {
			return "", err
		}
	}
	owner := fmt.Sprintf("__OwningControllerProcess %d", os.Getpid())
	text := strings.Join(append(lines[:len(lines):len(lines)], owner), "\n") + "\n"
	torrc := filepath.Join(dir, "torrc")
	// Replaced rather than rewritten: the mode of an old file would survive.
	if err := os.Remove(torrc); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("replace torrc: %w", err)
	}
	if err := os.WriteFile(torrc, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write torrc: %w", err)
	}
	return torrc, nil
}

func startError(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrBinary, err)
	}
	return fmt.Errorf("start tor: %w", err)
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends the process and waits until it has ended. It may be called again.
func (p *Process) Stop() {
	p.stop()
	<-p.done
}

// Done is closed when the process has ended and its log has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended and, when it ended by itself, what its log
// complained of last. It may be called once Done is closed.
func (p *Process) Err() error {
	last := p.log.complaints()
	switch {
	case p.err == nil:
		return errors.New("tor ended")
	case p.cmd.ProcessState.ExitCode() > 0 && last != "":
		return fmt.Errorf("tor ended (%w): %s", p.err, last)
	}
	return fmt.Errorf("tor ended (%w)", p.err)
}

// ConfigRefused reports whether tor ended because of its configuration, which
// starting it again cannot mend.
func (p *Process) ConfigRefused() bool { return p.log.configRefused() }
