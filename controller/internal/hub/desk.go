package hub

import (
	"sync"
	"time"
)

// Tuning.
const (
	clerks      = 4                // tickets made at a time; their making waits for the store
	minRotation = 10 * time.Second // least time between two tickets of a connection
)

// desk makes the next tickets of connections, a few at a time.
type desk struct {
	hub *Hub

	mu      sync.Mutex
	waiting []*session // each once
	working int
}

// add has a ticket made for s.
func (d *desk) add(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = append(d.waiting, s)
	if d.working < clerks {
		d.working++
		d.hub.running.Go(d.work)
	}
}

// work makes tickets until nobody waits.
func (d *desk) work() {
	for s := d.next(); s != nil; s = d.next() {
		if !s.hasEnded() {
			s.rotate()
		}
	}
}

// next takes whose turn it is; on nil the worker has been counted out.
func (d *desk) next() *session {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		d.waiting = nil
		d.working--
		return nil
	}
	s := d.waiting[0]
	d.waiting[0] = nil
	d.waiting = d.waiting[1:]
	return s
}
