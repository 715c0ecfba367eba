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
	maxAnswers  = 32       // lists that are kept
	maxKept     = 64 << 20 // bytes that they have together, about; the last one told is kept whatever it has
	answerStart = 4 << 10  // bytes that an answer of unknown size begins with
	lineSize    = 100      // bytes that a line takes beside what is told in it
)

// answers keeps lists of all torrents as they were told last: who polls them again has
// only that written anew which has changed. It is safe for concurrent use.
type answers struct {
	grants atomic.Uint64 // counts up whenever somebody was given something, or it was taken

	mu   sync.Mutex
	of   map[question]*told
	kept int
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

// told is the answer to a question. It is never written to.
type told struct {
	question
	grants uint64
	boxes  []boxAt // what it told of, or older
	at     time.Time

	body  []byte
	lines map[string][]line // in it, by box, in the order of their numbers
}

type boxAt struct {
	name    string
	version state.Version
}

func newAnswers() *answers { return &answers{of: map[question]*told{}} }

// next returns an answer to q that is yet to be written, or nil for one that is not
// kept.
func (a *answers) next(who asker, q query, boxes []fleet.Box, now time.Time) *told {
	if !q.all || q.need != needNothing {
		return nil
	}
	t := &told{
		question: question{who.User, who.Role, who.box, strings.Join(q.names, " "), q.table, q.call.style, q.call.jsonrpc},
		grants:   a.grants.Load(), at: now,
	}
	for _, b := range boxes {
		t.boxes = append(t.boxes, boxAt{b.Name, b.State.Version()})
	}
	return t
}

// before returns what was told to the question of t, or nil: nothing that was told
// holds when others may see a torrent now, or the boxes are others.
func (a *answers) before(t *told) *told {
	if t == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	last := a.of[t.question]
	same := func(a, b boxAt) bool { return a.name == b.name }
	if last == nil || last.grants != t.grants || !slices.EqualFunc(last.boxes, t.boxes, same) {
		return nil
	}
	return last
}

func (a *answers) put(t *told) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropLocked(t.question)
	for len(a.of) > 0 && (len(a.of) >= maxAnswers || a.kept+t.size() > maxKept) {
		a.dropOldestLocked()
	}
	a.of[t.question] = t
	a.kept += t.size()
}

func (a *answers) dropOldestLocked() {
	var oldest *told
	for _, t := range a.of {
		if oldest == nil || t.at.Before(oldest.at) {
			oldest = t
		}
	}
	a.dropLocked(oldest.question)
}

func (a *answers) dropLocked(q question) {
	if t := a.of[q]; t != nil {
		delete(a.of, q)
		a.kept -= t.size()
	}
}

func (a *answers) forget(u account.User) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for q := range a.of {
		if q.user == u {
			a.dropLocked(q)
		}
	}
}

// size is about how many bytes an answer takes.
func (t *told) size() int {
	n := len(t.body)
	for _, lines := range t.lines {
		n += lineSize * len(lines)
	}
	return n
}

// version is that of a box of which t tells.
func (t *told) version(box string) state.Version {
	for _, b := range t.boxes {
		if b.name == box {
			return b.version
		}
	}
	return state.Version{}
}

// holds tells whether t is the answer when all are the torrents that it has to tell of.
func (t *told) holds(all []ofBox, now time.Time) bool {
	if t == nil {
		return false
	}
	lines := 0
	for _, of := range all {
		for i := range of.lines {
			if !of.lines[i].holds(now) {
				return false
			}
		}
		lines += len(of.lines)
	}
	for _, were := range t.lines {
		lines -= len(were)
	}
	return lines == 0
}
