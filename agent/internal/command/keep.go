package executor

import (
	"cmp"
	"slices"
	"time"

	"offing/tunnel/command"
)

// expireLocked forgets the results that nobody has asked for, and that others were
// forgotten.
func (e *Executor) expireLocked() {
	for k, at := range e.forgotten {
		if time.Since(at) >= keepForgotten {
			delete(e.forgotten, k)
		}
	}
	for len(e.results) > 0 {
		x := e.results[0]
		known := e.entries[x.key] == x
		if known && len(e.results) <= maxResults && e.kept <= maxResultsSize && time.Since(x.ended) < keepResults {
			return
		}
		if known {
			e.dropLocked(x)
		}
		e.results = e.results[1:]
		e.kept -= x.size
	}
}

// keepLocked takes an entry that has ended among the results.
func (e *Executor) keepLocked(x *entry) {
	x.size = resultSize(x.result)
	e.results = append(e.results, x)
	e.kept += x.size
}

// resultSize is about how many bytes a result has, in memory and in the journal.
func resultSize(r *command.Result) int64 {
	size := int64(512)
	if r.Fault != nil {
		size += int64(len(r.Fault.Text))
	}
	for i := range r.Faults {
		size += int64(80 + len(r.Faults[i].Fault.Text))
	}
	if r.Added != nil {
		size += int64(len(r.Added.Name))
	}
	return size
}

// rewriteLocked writes the journal anew, without what is forgotten.
func (e *Executor) rewriteLocked() error {
	var records []*record
	for _, x := range e.results {
		if e.entries[x.key] == x {
			records = append(records, &record{Kind: recordEnded, Home: x.key.home, ID: x.key.id, At: x.ended.Unix(), Result: x.result})
		}
	}
	for _, x := range e.pendingLocked() {
		records = append(records, &record{Kind: recordAccepted, Home: x.key.home, ID: x.key.id, Command: x.command})
		if x.begun {
			records = append(records, &record{Kind: recordBegun, Home: x.key.home, ID: x.key.id, Plan: x.plan})
		}
		if x.mark > 0 {
			records = append(records, &record{Kind: recordMarked, Home: x.key.home, ID: x.key.id, Mark: x.mark, Result: x.partial})
		}
	}
	return e.journal.rewrite(records)
}

func (e *Executor) compactLocked() {
	if err := e.rewriteLocked(); err != nil {
		e.cfg.Log.Warn("cannot write the journal of commands anew", "error", err)
	}
}

// pendingLocked returns the commands without a result as they came, but for
// questions.
func (e *Executor) pendingLocked() []*entry {
	var list []*entry
	for _, x := range e.entries {
		if x.result == nil && !x.command.Kind.Question() {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b *entry) int { return cmp.Compare(a.number, b.number) })
	return list
}
