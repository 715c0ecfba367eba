package wire

import (
	"offing/tunnel/state"
)

// fileText bounds the text of the files: with that of the other lists at their
// longest it is within maxHeld.
const fileText = maxHeld - 3*state.MaxName - state.MaxPeers*3*state.MaxPeerText - state.MaxTrackers*(state.MaxURL+state.MaxText)

// sheetOf returns d as it is coded. Files whose names there is no room for are
// left out.
func sheetOf(d *state.Detail) sheet {
	s := sheet{hash: d.Hash, pieces: d.Pieces}
	s.lists[listHead] = []record{{
		texts: [3]string{d.Comment, d.Creator, d.Dir},
		ints:  [8]int64{number(d.Private), d.Created, d.Have, d.Unchecked, d.Wasted, d.Seeding, d.Downloading, d.Active},
	}}
	s.lists[listFiles] = make([]record, 0, len(d.Files))
	text := 0
	for _, f := range d.Files {
		if text += len(f.Name); text > fileText {
			break
		}
		s.lists[listFiles] = append(s.lists[listFiles], record{
			texts: [3]string{f.Name}, ints: [8]int64{f.Size, f.Have, number(f.Wanted), int64(f.Priority)},
		})
	}
	s.lists[listPeers] = make([]record, len(d.Peers))
	for i, p := range d.Peers {
		s.lists[listPeers][i] = record{
			texts: [3]string{p.Address, p.Client, p.Flags},
			ints:  [8]int64{int64(p.Progress), p.RateDown, p.RateUp, number(p.Incoming) | number(p.Encrypted)<<1 | number(p.UTP)<<2},
		}
	}
	s.lists[listTrackers] = make([]record, len(d.Trackers))
	for i, t := range d.Trackers {
		s.lists[listTrackers][i] = record{
			texts: [3]string{t.Announce, t.Result},
			ints:  [8]int64{int64(t.Tier), int64(t.State), number(t.Failed), int64(t.Seeders), int64(t.Leechers), t.Next},
		}
	}
	return s
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// detail is the reverse of sheetOf. Numbers beyond their type are cut: Valid
// tells whether the other end has kept to the limits.
func (s *sheet) detail() state.Detail {
	d := state.Detail{Hash: s.hash, Pieces: s.pieces}
	for _, r := range s.lists[listHead] {
		d.Comment, d.Creator, d.Dir, d.Private = r.texts[0], r.texts[1], r.texts[2], r.ints[0] == 1
		d.Created, d.Have, d.Unchecked, d.Wasted = r.ints[1], r.ints[2], r.ints[3], r.ints[4]
		d.Seeding, d.Downloading, d.Active = r.ints[5], r.ints[6], r.ints[7]
	}
	for _, r := range s.lists[listFiles] {
		d.Files = append(d.Files, state.File{
			Name: r.texts[0], Size: r.ints[0], Have: r.ints[1], Wanted: r.ints[2] == 1, Priority: int8(r.ints[3]),
		})
	}
	for _, r := range s.lists[listPeers] {
		d.Peers = append(d.Peers, state.Peer{
			Address: r.texts[0], Client: r.texts[1], Flags: r.texts[2], Progress: state.Fraction(r.ints[0]), RateDown: r.ints[1],
			RateUp: r.ints[2], Incoming: r.ints[3]&1 != 0, Encrypted: r.ints[3]&2 != 0, UTP: r.ints[3]&4 != 0,
		})
	}
	for _, r := range s.lists[listTrackers] {
		d.Trackers = append(d.Trackers, state.Tracker{
			Announce: r.texts[0], Result: r.texts[1], Tier: int32(r.ints[0]), State: state.TrackerState(r.ints[1]),
			Failed: r.ints[2] == 1, Seeders: int32(r.ints[3]), Leechers: int32(r.ints[4]), Next: r.ints[5],
		})
	}
	return d
}
