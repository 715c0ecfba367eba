package web

import (
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"offing/controller/internal/account"
)

// Bounds of large bodies that are held at once, maxUpload each.
const (
	maxUploads    = 64          // of all people
	maxUploadsOne = 8           // of one
	uploadWork    = time.Minute // that one is answered within
)

// leases counts the large bodies that are being read or answered. The head of a
// request is its name: no two that are under way have the same.
type leases struct {
	mu sync.Mutex
	of map[*fasthttp.RequestHeader]lease
}

type lease struct {
	user  account.User
	until time.Time // by then it has been read, or given up
}

func newLeases() *leases { return &leases{of: map[*fasthttp.RequestHeader]lease{}} }

// take tells whether another large body of u may be read.
func (l *leases) take(h *fasthttp.RequestHeader, u account.User, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, h) // of a request before, which is over
	theirs := 0
	for at, one := range l.of {
		switch {
		case !now.Before(one.until):
			delete(l.of, at)
		case one.user == u:
			theirs++
		}
	}
	if len(l.of) >= maxUploads || theirs >= maxUploadsOne {
		return false
	}
	l.of[h] = lease{u, now.Add(uploadTimeout + uploadWork)}
	return true
}

// give ends the lease of a request, if it has one.
func (l *leases) give(h *fasthttp.RequestHeader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, h)
}
