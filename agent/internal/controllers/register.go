package controllers

import (
	"crypto/ed25519"
	"crypto/subtle"
	"slices"
	"sync"
)

// Register is the list that is in force. It is safe for concurrent use; the
// zero Register lets nobody in.
type Register struct {
	mu   sync.RWMutex
	list []Controller
}

// Set puts a new list in force.
func (r *Register) Set(list []Controller) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.Clone(list)
}

// Authorize tells whose login key this is, if it is anybody's. The time it
// takes does not depend on the key.
func (r *Register) Authorize(key ed25519.PublicKey) (name string, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, c := range r.list {
		if subtle.ConstantTimeCompare(c.Login, key) == 1 {
			name, ok = c.Name, true
		}
	}
	return name, ok
}
