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
	uploadPause   = 5           // seconds, before who was refused one tries again
)

// leases counts the large bodies that are being read or answered. The head of a
// request is its name: no two that are under way have the same.
type leases struct {
	mu sync.Mutex
	of map[*fasthttp.RequestHeader]lease
}

type lease struct {
	user    account.User
	until   time.Time // by then it has been read, or given up
	refused bool      // since there was no room: only what a small body may be is read
}

func newLeases() *leases { return &leases{of: map[*fasthttp.RequestHeader]lease{}} }

// take tells whether another large body of u may be read.
func (l *leases) take(h *fasthttp.RequestHeader, u account.User, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, h) // of a request before, which is over
	held, theirs := 0, 0
	for at, one := range l.of {
		if !now.Before(one.until) {
			delete(l.of, at)
			continue
		}
		if one.refused {
			continue
		}
		held++
		if one.user == u {
			theirs++
		}
	}
	refused := held >= maxUploads || theirs >= maxUploadsOne
	l.of[h] = lease{u, now.Add(uploadTimeout + uploadWork), refused}
	return !refused
}

// give ends the lease of a request, if it has one, and tells whether it was refused one.
func (l *leases) give(h *fasthttp.RequestHeader) (refused bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	refused = l.of[h].refused
	delete(l.of, h)
	return refused
}
