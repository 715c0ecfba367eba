package transmission

import (
	"fmt"
	"net"
	"strconv"

	"offing/tunnel/state"
)

// objects reads an array of objects; set stores one key of the element i. What
// is beyond the limit is read and forgotten.
func objects[T any](s *scanner, limit int, set func(to *T, i int, key []byte, v value) error) ([]T, error) {
	var all []T
	n := 0
	err := s.array(func() error {
		i := n
		if n++; i < limit {
			all = append(all, *new(T))
		}
		return s.object(func(key []byte) error {
			v, err := s.value()
			if err != nil || i >= limit {
				return err
			}
			return set(&all[i], i, key, v)
		})
	})
	return all, err
}

// file reads what never changes of a file; fileStats has the rest.
func (r *detailReader) file(f *state.File, i int, key []byte, v value) error {
	switch string(key) {
	case "name":
		known := ""
		if i < len(r.known.Files) {
			known = r.known.Files[i].Name
		}
		return v.text(&f.Name, known)
	case "length":
		return v.integer(&f.Size)
	}
	return nil
}

func fileStats(f *state.File, _ int, key []byte, v value) error {
	switch string(key) {
	case "bytesCompleted":
		return v.integer(&f.Have)
	case "wanted":
		return v.boolean(&f.Wanted)
	case "priority":
		var n int64
		err := v.integer(&n)
		f.Priority = int8(min(max(n, -1), 1))
		return err
	}
	return nil
}

// mergeFiles puts together what came in two lists.
func (r *detailReader) mergeFiles() error {
	if len(r.detail.Files) != len(r.stats) {
		return fmt.Errorf("%w: %w: %d files, and figures of %d", ErrNotTransmission, errShape, len(r.detail.Files), len(r.stats))
	}
	for i, s := range r.stats {
		f := &r.detail.Files[i]
		f.Have, f.Wanted, f.Priority = s.Have, s.Wanted, s.Priority
	}
	return nil
}

// peer is a peer as it comes, with its address in two parts.
type peer struct {
	state.Peer
	port int32
}

func peers(s *scanner) ([]state.Peer, error) {
	all, err := objects(s, state.MaxPeers, (*peer).set)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	peers := make([]state.Peer, len(all))
	for i, p := range all {
		peers[i] = p.Peer
		peers[i].Address = net.JoinHostPort(p.Address, strconv.Itoa(int(p.port)))
	}
	return peers, nil
}

func (p *peer) set(_ int, key []byte, v value) error {
	switch string(key) {
	case "address":
		return v.text(&p.Address, "")
	case "port":
		return v.count(&p.port)
	case "clientName":
		return v.text(&p.Client, "")
	case "flagStr":
		return v.text(&p.Flags, "")
	case "progress":
		return v.fraction(&p.Progress)
	case "rateToClient":
		return v.integer(&p.RateDown)
	case "rateToPeer":
		return v.integer(&p.RateUp)
	case "isIncoming":
		return v.boolean(&p.Incoming)
	case "isEncrypted":
		return v.boolean(&p.Encrypted)
	case "isUTP":
		return v.boolean(&p.UTP)
	}
	return nil
}

// tracker is a tracker as it comes.
type tracker struct {
	state.Tracker
	asked, answered bool // there was an announce, and the last one succeeded
}

func trackers(s *scanner) ([]state.Tracker, error) {
	all, err := objects(s, state.MaxTrackers, (*tracker).set)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	trackers := make([]state.Tracker, len(all))
	for i, t := range all {
		t.Failed = t.asked && !t.answered
		if t.State != state.TrackerWaiting {
			t.Next = 0 // it means something while waiting only (tr_tracker_view)
		}
		trackers[i] = t.Tracker
	}
	return trackers, nil
}

func (t *tracker) set(_ int, key []byte, v value) error {
	switch string(key) {
	case "announce":
		return v.text(&t.Announce, "")
	case "tier":
		return v.count(&t.Tier)
	case "announceState":
		return small(v, &t.State)
	case "lastAnnounceResult":
		return v.text(&t.Result, "")
	case "hasAnnounced":
		return v.boolean(&t.asked)
	case "lastAnnounceSucceeded":
		return v.boolean(&t.answered)
	case "seederCount":
		return v.count(&t.Seeders)
	case "leecherCount":
		return v.count(&t.Leechers)
	case "nextAnnounceTime":
		return v.integer(&t.Next)
	}
	return nil
}
