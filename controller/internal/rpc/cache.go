package rpc

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/fleet"
	"offing/tunnel/state"
)

// Tuning.
const (
	maxAnswers  = 32               // lists that are kept
	answerLife  = 10 * time.Second // of a list, and of one with fields that move by themselves
	movingLife  = time.Second
	answerStart = 4 << 10 // bytes that an answer of unknown size begins with
)

// answers keeps lists of all torrents as they were told last: whoever polls them again
// before anything has changed gets the same bytes. It is safe for concurrent use.
type answers struct {
	grants atomic.Uint64 // counts up whenever somebody was given something, or it was taken

	mu sync.Mutex
	of map[question]*told
}

// question is all on which the form of a list depends.
type question struct {
	user   account.User
	role   account.Role
	box    string
	fields string // the names, each after a space
	table  bool
	style  style
	dialog bool // of JSON-RPC
}

// answerKey is a question, and all on which its answer depends.
type answerKey struct {
	question
	grants uint64
	boxes  []boxAt
	at     time.Time
}

type boxAt struct {
	name    string
	version state.Version
}

type told struct {
	body []byte
	answerKey
}

func newAnswers() *answers { return &answers{of: map[question]*told{}} }

func questionOf(who asker, q query) question {
	return question{who.User, who.Role, who.box, strings.Join(q.names, " "), q.table, q.call.style, q.call.jsonrpc}
}

// key returns under what the answer to q may be kept; false for what is not kept.
func (a *answers) key(who asker, q query, boxes []fleet.Box, now time.Time) (answerKey, bool) {
	if !q.all || q.need != needNothing {
		return answerKey{}, false
	}
	k := answerKey{question: questionOf(who, q), grants: a.grants.Load(), at: now}
	for _, b := range boxes {
		k.boxes = append(k.boxes, boxAt{b.Name, b.State.Version()})
	}
	return k, true
}

// get returns what was told, if nothing has changed since.
func (a *answers) get(who asker, q query, boxes []fleet.Box, now time.Time) ([]byte, bool) {
	k, ok := a.key(who, q, boxes, now)
	if !ok {
		return nil, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.of[k.question]
	life := answerLife
	if q.timed {
		life = movingLife
	}
	if t == nil || t.grants != k.grants || now.Sub(t.at) > life || !slices.Equal(t.boxes, k.boxes) {
		return nil, false
	}
	return t.body, true
}

func (a *answers) put(k answerKey, body []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.of[k.question]; !ok && len(a.of) >= maxAnswers {
		a.dropOldestLocked()
	}
	a.of[k.question] = &told{body, k}
}

func (a *answers) dropOldestLocked() {
	var oldest question
	var at time.Time
	for q, t := range a.of {
		if at.IsZero() || t.at.Before(at) {
			oldest, at = q, t.at
		}
	}
	delete(a.of, oldest)
}

// size is about how long the answer will be.
func (a *answers) size(who asker, q query) int {
	if !q.all {
		return answerStart
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.of[questionOf(who, q)]; t != nil {
		return len(t.body) + len(t.body)/16
	}
	return answerStart
}

func (a *answers) forget(u account.User) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for q := range a.of {
		if q.user == u {
			delete(a.of, q)
		}
	}
}
