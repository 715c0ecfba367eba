package state

// recency is a list of entries in the order of their last change. The links are
// in the entries themselves: there are as many as torrents, and each change
// moves one.
type recency struct {
	newest, oldest *entry
}

// pushNewest adds an entry that is not in the list.
func (r *recency) pushNewest(e *entry) {
	e.newer, e.older = nil, r.newest
	if r.newest != nil {
		r.newest.newer = e
	} else {
		r.oldest = e
	}
	r.newest = e
}

// remove takes out an entry of the list.
func (r *recency) remove(e *entry) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		r.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		r.oldest = e.newer
	}
	e.newer, e.older = nil, nil
}

// renew makes an entry of the list its newest.
func (r *recency) renew(e *entry) {
	if r.newest != e {
		r.remove(e)
		r.pushNewest(e)
	}
}
