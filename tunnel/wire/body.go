package wire

import (
	"fmt"

	"offing/tunnel/state"
)

// The bodies of Part and Delta, as CBOR has them. The numbers are part of the
// protocol and never reused.

type deltaBody struct {
	From    uint64       `cbor:"1,keyasint,omitempty"`
	Epoch   state.Epoch  `cbor:"2,keyasint"`
	Seq     uint64       `cbor:"3,keyasint,omitempty"`
	Changes []changeBody `cbor:"4,keyasint,omitempty"`
	Removed [][]byte     `cbor:"5,keyasint,omitempty"` // info hashes
	Session *sessionBody `cbor:"6,keyasint,omitempty"`
	Host    *hostBody    `cbor:"7,keyasint,omitempty"`
	Index   uint32       `cbor:"8,keyasint,omitempty"` // of a part
	Last    bool         `cbor:"9,keyasint,omitempty"` // of a part
}

// changeBody has the fields that are in the set Fields and not zero.
type changeBody struct {
	Hash         []byte         `cbor:"1,keyasint"`
	Fields       state.Fields   `cbor:"2,keyasint"`
	Name         string         `cbor:"3,keyasint,omitempty"`
	Status       uint8          `cbor:"4,keyasint,omitempty"`
	Error        uint8          `cbor:"5,keyasint,omitempty"`
	ErrorText    string         `cbor:"6,keyasint,omitempty"`
	Size         int64          `cbor:"7,keyasint,omitempty"`
	Left         int64          `cbor:"8,keyasint,omitempty"`
	Metadata     state.Fraction `cbor:"9,keyasint,omitempty"`
	Checked      state.Fraction `cbor:"10,keyasint,omitempty"`
	RateDown     int64          `cbor:"11,keyasint,omitempty"`
	RateUp       int64          `cbor:"12,keyasint,omitempty"`
	Downloaded   int64          `cbor:"13,keyasint,omitempty"`
	Uploaded     int64          `cbor:"14,keyasint,omitempty"`
	Peers        int32          `cbor:"15,keyasint,omitempty"`
	PeersSending int32          `cbor:"16,keyasint,omitempty"`
	PeersGetting int32          `cbor:"17,keyasint,omitempty"`
	WebSeeds     int32          `cbor:"18,keyasint,omitempty"`
	Added        int64          `cbor:"19,keyasint,omitempty"`
	Done         int64          `cbor:"20,keyasint,omitempty"`
	Queue        int32          `cbor:"21,keyasint,omitempty"`
	Labels       []string       `cbor:"22,keyasint,omitempty"`
}

type sessionBody struct {
	Daemon     uint8  `cbor:"1,keyasint,omitempty"`
	DaemonText string `cbor:"2,keyasint,omitempty"`
	Version    string `cbor:"3,keyasint,omitempty"`
	RPCVersion int32  `cbor:"4,keyasint,omitempty"`
	AltSpeed   bool   `cbor:"5,keyasint,omitempty"`
}

type hostBody struct {
	DiskTotal int64          `cbor:"1,keyasint,omitempty"`
	DiskFree  int64          `cbor:"2,keyasint,omitempty"`
	MemTotal  int64          `cbor:"3,keyasint,omitempty"`
	MemUsed   int64          `cbor:"4,keyasint,omitempty"`
	CPU       state.Fraction `cbor:"5,keyasint,omitempty"`
	NetDown   int64          `cbor:"6,keyasint,omitempty"`
	NetUp     int64          `cbor:"7,keyasint,omitempty"`
	Uptime    int64          `cbor:"8,keyasint,omitempty"`
}

// fill sets b from d, reusing the slices of b. The hashes point into d.
func (b *deltaBody) fill(d *state.Delta) {
	changes, removed := b.Changes[:0], b.Removed[:0]
	for i := range d.Changes {
		changes = append(changes, newChangeBody(&d.Changes[i]))
	}
	for i := range d.Removed {
		removed = append(removed, d.Removed[i][:])
	}
	*b = deltaBody{Epoch: d.To.Epoch, Seq: d.To.Seq, Changes: changes, Removed: removed}
	if v := d.Session; v != nil {
		b.Session = &sessionBody{uint8(v.Daemon), v.DaemonText, v.Version, v.RPCVersion, v.AltSpeed}
	}
	if v := d.Host; v != nil {
		b.Host = &hostBody{v.DiskTotal, v.DiskFree, v.MemTotal, v.MemUsed, v.CPU, v.NetDown, v.NetUp, v.Uptime}
	}
}

// delta is the reverse of fill.
func (b *deltaBody) delta() (state.Delta, error) {
	d := state.Delta{From: b.From, To: state.Version{Epoch: b.Epoch, Seq: b.Seq}}
	if len(b.Changes) > 0 {
		d.Changes = make([]state.Change, len(b.Changes))
	}
	for i := range b.Changes {
		if err := b.Changes[i].change(&d.Changes[i]); err != nil {
			return d, err
		}
	}
	if len(b.Removed) > 0 {
		d.Removed = make([]state.Hash, len(b.Removed))
	}
	for i, h := range b.Removed {
		if err := setHash(&d.Removed[i], h); err != nil {
			return d, err
		}
	}
	if v := b.Session; v != nil {
		d.Session = &state.Session{
			Daemon: state.DaemonState(v.Daemon), DaemonText: v.DaemonText,
			Version: v.Version, RPCVersion: v.RPCVersion, AltSpeed: v.AltSpeed,
		}
	}
	if v := b.Host; v != nil {
		d.Host = &state.Host{
			DiskTotal: v.DiskTotal, DiskFree: v.DiskFree, MemTotal: v.MemTotal, MemUsed: v.MemUsed,
			CPU: v.CPU, NetDown: v.NetDown, NetUp: v.NetUp, Uptime: v.Uptime,
		}
	}
	return d, nil
}

func newChangeBody(c *state.Change) changeBody {
	var t state.Torrent
	t.Merge(c.Fields, &c.Torrent)
	return changeBody{
		Hash: c.Torrent.Hash[:], Fields: c.Fields,
		Name: t.Name, Status: uint8(t.Status), Error: uint8(t.Error), ErrorText: t.ErrorText,
		Size: t.Size, Left: t.Left, Metadata: t.Metadata, Checked: t.Checked,
		RateDown: t.RateDown, RateUp: t.RateUp, Downloaded: t.Downloaded, Uploaded: t.Uploaded,
		Peers: t.Peers, PeersSending: t.PeersSending, PeersGetting: t.PeersGetting, WebSeeds: t.WebSeeds,
		Added: t.Added, Done: t.Done, Queue: t.Queue, Labels: t.Labels,
	}
}

// change sets c, leaving alone what the set of fields does not name.
func (b *changeBody) change(c *state.Change) error {
	t := state.Torrent{
		Name: b.Name, Status: state.Status(b.Status), Error: state.ErrorKind(b.Error), ErrorText: b.ErrorText,
		Size: b.Size, Left: b.Left, Metadata: b.Metadata, Checked: b.Checked,
		RateDown: b.RateDown, RateUp: b.RateUp, Downloaded: b.Downloaded, Uploaded: b.Uploaded,
		Peers: b.Peers, PeersSending: b.PeersSending, PeersGetting: b.PeersGetting, WebSeeds: b.WebSeeds,
		Added: b.Added, Done: b.Done, Queue: b.Queue, Labels: b.Labels,
	}
	c.Fields = b.Fields & state.AllFields
	c.Torrent.Merge(c.Fields, &t)
	return setHash(&c.Torrent.Hash, b.Hash)
}

func setHash(h *state.Hash, b []byte) error {
	if len(b) != len(h) {
		return fmt.Errorf("info hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return nil
}

// weight bounds the bytes of c in a body, from above.
func weight(c *state.Change) int {
	const fixed = 256 // the hash and every number at its longest: 21 + 8×9 + 7×5 + keys
	t := &c.Torrent
	n := fixed + len(t.Name) + len(t.ErrorText)
	for _, l := range t.Labels {
		n += len(l) + 3
	}
	return n
}

// Cut returns how many of the changes, at least one if there are any, make up a
// frame of about size bytes.
func Cut(changes []state.Change, size int) int {
	total := 0
	for i := range changes {
		if total += weight(&changes[i]); i > 0 && total > size {
			return i
		}
	}
	return len(changes)
}
