package owners

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
	"offing/tunnel/state"
)

const (
	maxPeople = 64        // who may have a part of one torrent
	maxShard  = 250 << 10 // bytes of a shard in the store, which takes little more
)

// record is what is kept of one torrent. Its zero value is nothing.
type record struct {
	added  int64   // state.Torrent.Added of the torrent that was given; 0 = nobody has seen it yet
	gone   bool    // the box was seen to remove it
	absent absence // how long the box has been without it
	grants []Grant // sorted by user, never empty but in the zero value; shared, never written to
}

// absence counts the days on which a box was there and a torrent was not. A box
// that is away counts nothing, however long it is.
type absence struct {
	days uint16
	last uint32 // the last of them, in days since 1970
}

// of returns the grants when they are of the torrent added then.
func (r record) of(added int64) []Grant {
	if r.other(added) {
		return nil
	}
	return r.grants
}

// other tells whether the torrent added then may not be the one that was given.
// It can be nevertheless: a daemon that is killed before it has written the date
// down makes up another one when it starts again. Follow finds out.
func (r record) other(added int64) bool { return r.added != 0 && added != 0 && r.added != added }

func (r record) equal(s record) bool {
	return r.added == s.added && r.gone == s.gone && r.absent == s.absent && slices.Equal(r.grants, s.grants)
}

// shardName names the torrents of a box whose hashes begin with one byte. They
// are kept in one value of the store: so a box of any size is read with 256 looks,
// a write is short, and each torrent's grants are written whole or not at all.
type shardName struct {
	box   string
	first byte
}

func (k Key) shard() shardName { return shardName{k.Box, k.Hash[0]} }

// String returns the key of the store. No box has a slash in its name.
func (n shardName) String() string { return n.box + "/" + hex.EncodeToString([]byte{n.first}) }

func parseShardName(s string) (shardName, error) {
	box, first, ok := strings.Cut(s, "/")
	b, err := hex.DecodeString(first)
	if !ok || box == "" || err != nil || len(b) != 1 || (shardName{box, b[0]}).String() != s {
		return shardName{}, fmt.Errorf("%w: a key of the grants cannot be read", store.ErrDamaged)
	}
	return shardName{box, b[0]}, nil
}

// torrents is what a shard holds. It is not written to once an index has it.
type torrents map[state.Hash]record

// storedRecord is a record in the store.
type storedRecord struct {
	Added  int64             `json:"added,omitempty"`
	Gone   bool              `json:"gone,omitempty"`
	Days   uint16            `json:"absent,omitempty"`
	Last   uint32            `json:"absent_last,omitempty"`
	Grants map[string]Access `json:"grants"`
	Joined []string          `json:"joined,omitempty"` // of Grants, those who joined; a version without it wrote none
}

func (ts torrents) encode() ([]byte, error) {
	stored := make(map[state.Hash]storedRecord, len(ts))
	for h, r := range ts {
		grants := make(map[string]Access, len(r.grants))
		var joined []string
		for _, g := range r.grants {
			grants[string(g.User)] = g.Access
			if g.Joined {
				joined = append(joined, string(g.User))
			}
		}
		if len(grants) > maxPeople {
			return nil, ErrNoRoom
		}
		stored[h] = storedRecord{r.added, r.gone, r.absent.days, r.absent.last, grants, joined}
	}
	value, err := json.Marshal(stored)
	if err == nil && len(value) > maxShard {
		err = ErrNoRoom
	}
	return value, err
}

// decodeTorrents reads a shard. The names of people are taken from names, and put
// there, so that each is in memory once.
func decodeTorrents(n shardName, value []byte, names map[string]account.User) (torrents, error) {
	var stored map[state.Hash]storedRecord
	if json.Unmarshal(value, &stored) != nil {
		return nil, fmt.Errorf("%w: grants cannot be decoded", store.ErrDamaged)
	}
	ts := make(torrents, len(stored))
	for h, s := range stored {
		r := record{s.Added, s.Gone, absence{s.Days, s.Last}, make([]Grant, 0, len(s.Grants))}
		for name, a := range s.Grants {
			if name == "" || a == None {
				return nil, fmt.Errorf("%w: a grant gives nothing", store.ErrDamaged)
			}
			if _, ok := names[name]; !ok {
				names[name] = account.User(name)
			}
			r.grants = append(r.grants, Grant{names[name], a, slices.Contains(s.Joined, name)})
		}
		if len(r.grants) == 0 || len(r.grants) > maxPeople || h[0] != n.first {
			return nil, fmt.Errorf("%w: grants are where they do not belong", store.ErrDamaged)
		}
		slices.SortFunc(r.grants, func(a, b Grant) int { return strings.Compare(string(a.User), string(b.User)) })
		ts[h] = r
	}
	return ts, nil
}
