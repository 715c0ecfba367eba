package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// console is a pseudo-terminal and what was written on it.
type console struct {
	master *os.File
	tty    *os.File // the program's side

	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed when text grows
	done chan struct{} // closed when nothing more comes
}

// openConsole opens a pseudo-terminal; see pty(7).
func openConsole(t *testing.T, width, height uint16) *console {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &console{master: master, tty: tty, more: make(chan struct{}), done: make(chan struct{})}
	c.resize(t, width, height)
	go c.read()
	t.Cleanup(func() { c.hangUp() })
	return c
}

// hangUp closes the program's side, and returns all that was written.
func (c *console) hangUp() string {
	c.tty.Close()
	<-c.done
	c.master.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

func (c *console) resize(t *testing.T, width, height uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(c.tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: height}); err != nil {
		t.Fatal(err)
	}
}

func (c *console) read() {
	defer close(c.done)
	buf := make([]byte, 4096)
	for {
		n, err := c.master.Read(buf) // EIO once the program's side is closed
		c.mu.Lock()
		c.text.Write(buf[:n])
		close(c.more)
		c.more = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// patience bounds a wait for what never comes. It is no measurement.
const patience = time.Minute

// until waits for what the program writes.
func (c *console) until(t *testing.T, want string) {
	t.Helper()
	never := time.After(patience)
	for {
		c.mu.Lock()
		text, more := c.text.String(), c.more
		c.mu.Unlock()
		if strings.Contains(text, want) {
			return
		}
		select {
		case <-more:
		case <-c.done:
			t.Fatalf("the terminal was closed before it showed %q: %q", want, text)
		case <-never:
			t.Fatalf("the terminal never showed %q: %q", want, text)
		}
	}
}

func (c *console) enter(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(c.master, text); err != nil {
		t.Fatal(err)
	}
}

// echoes tells whether the terminal shows what is typed.
func (c *console) echoes(t *testing.T) bool {
	t.Helper()
	settings, err := unix.IoctlGetTermios(int(c.tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return settings.Lflag&unix.ECHO != 0
}
