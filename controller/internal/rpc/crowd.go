package rpc

import (
	"sync"

	"offing/controller/internal/account"
)

// maxAtOnce is how many requests of one person are answered at once. Apps send one
// after another; an answer can be long, and a deed is waited for.
const maxAtOnce = 24

// crowd counts the requests that are being answered. Its zero value is ready.
type crowd struct {
	mu sync.Mutex
	of map[account.User]int
}

// enter tells whether another request of u may be answered. Each that may leaves.
func (c *crowd) enter(u account.User) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[account.User]int{}
	}
	if c.of[u] >= maxAtOnce {
		return false
	}
	c.of[u]++
	return true
}

func (c *crowd) leave(u account.User) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[u]--; c.of[u] == 0 {
		delete(c.of, u)
	}
}
