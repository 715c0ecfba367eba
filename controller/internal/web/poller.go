package web

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// poller watches quiet connections for something to read. The runtime's own poller
// would need a goroutine to wait for each, and its stack is more than all that is
// kept of a connection otherwise.
type poller struct {
	epoll  int
	events int // an eventfd: something was written to it, so run is to end
	end    sync.WaitGroup
	once   sync.Once // of close

	mu      sync.Mutex
	turns   uint32
	waiting map[int32]watched // by file descriptor
}

// waiter is told that there is something to read.
type waiter interface{ wake() }

// watched is who waits for a descriptor. One that was closed may come back as another
// connection's before its last event is looked at, so that each watch has a number.
type watched struct {
	turn   uint32
	waiter waiter
}

var errPoller = errors.New("the kernel does not watch connections")

// newPoller starts to watch. Its close must be called.
func newPoller() (*poller, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPoller, err)
	}
	events, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, fmt.Errorf("%w: %w", errPoller, err)
	}
	p := &poller{epoll: epoll, events: events, waiting: make(map[int32]watched)}
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, events, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(events)}); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", errPoller, err), unix.Close(epoll), unix.Close(events))
	}
	p.end.Go(p.run)
	return p, nil
}

// close ends the watching. What is still watched is not called any more.
func (p *poller) close() {
	p.once.Do(func() {
		one := [8]byte{1}
		_, _ = unix.Write(p.events, one[:]) // an eventfd takes it
		p.end.Wait()
		_, _ = unix.Close(p.events), unix.Close(p.epoll)
	})
}

// watch has w woken, once, when there is something to read from fd, or to be told of
// it. The caller keeps fd open until this returns.
func (p *poller) watch(fd int, w waiter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turns++
	p.waiting[int32(fd)] = watched{p.turns, w}
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: int32(fd), Pad: int32(p.turns)}
	err := unix.EpollCtl(p.epoll, unix.EPOLL_CTL_MOD, fd, &event)
	if err == unix.ENOENT { // never watched before; a closed one is forgotten by the kernel
		err = unix.EpollCtl(p.epoll, unix.EPOLL_CTL_ADD, fd, &event)
	}
	if err != nil {
		delete(p.waiting, int32(fd))
		return fmt.Errorf("%w: %w", errPoller, err)
	}
	return nil
}

// forget undoes watch, before fd is closed.
func (p *poller) forget(fd int, w waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting[int32(fd)].waiter == w {
		delete(p.waiting, int32(fd))
	}
}

func (p *poller) run() {
	events := make([]unix.EpollEvent, 128)
	for {
		n, err := unix.EpollWait(p.epoll, events, -1)
		if err != nil && err != unix.EINTR {
			return // it was closed, which nobody does
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == p.events {
				return
			}
			if w := p.take(e); w != nil {
				w.wake()
			}
		}
	}
}

// take returns whom an event is for, who then is no longer waiting.
func (p *poller) take(e unix.EpollEvent) waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.waiting[e.Fd]
	if !ok || c.turn != uint32(e.Pad) {
		return nil
	}
	delete(p.waiting, e.Fd)
	return c.waiter
}
