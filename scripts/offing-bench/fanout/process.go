package fanout

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// longestLine bounds an answer, in bytes: 10,000 tickets, or the frames of 1,000 rows.
const longestLine = 16 << 20

// answerWithin bounds what one command may take.
const answerWithin = 2 * time.Minute

// process is a program that answers lines.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// start starts the program, which ends with ctx at the latest. close must be called.
func (l *Lab) start(ctx context.Context, program string, args ...string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, filepath.Join(l.dir, program), args...)}
	p.cmd.Env = append(os.Environ(), "TMPDIR="+l.dir) // which is removed: a program that is killed leaves its store
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, longestLine)
	return p, p.cmd.Start()
}

// ask writes a line and reads the answer.
func (p *process) ask(line, answer any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("%s: %w", p.cmd.Path, err)
	}
	return p.read(answer)
}

// read reads an answer. A program that does not answer is ended, and tells where
// it hangs.
func (p *process) read(answer any) error {
	defer time.AfterFunc(answerWithin, func() { _ = p.cmd.Process.Signal(syscall.SIGQUIT) }).Stop()
	if !p.out.Scan() {
		return fmt.Errorf("%s ended: %w", p.cmd.Path, errors.Join(p.out.Err(), io.ErrUnexpectedEOF))
	}
	return json.Unmarshal(p.out.Bytes(), answer)
}

// close ends the program.
func (p *process) close() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // killed, which is no news
}
