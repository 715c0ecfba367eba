package simulator

import (
	"encoding/json"
	"slices"

	"offing/tunnel/state"
)

// blockSize is what peers ask each other for (BEP 3), and by what left falls.
const blockSize = 16 << 10

// torrent is one torrent of the box. What a list does not show is made from its
// seed when it is asked for.
type torrent struct {
	id     int64
	hash   state.Hash
	seed   uint64
	name   string
	dir    string
	labels []string
	queue  int

	status  state.Status
	after   state.Status // what a verification returns to
	err     state.ErrorKind
	errText string

	total int64 // bytes of all files
	size  int64 // bytes of the wanted files
	left  int64 // of size
	block int64 // bytes received of a block that is not complete yet
	piece int64 // bytes a piece

	down, up int64 // ever
	metadata float64
	checked  float64

	added, done, started, active, edited int64 // Unix seconds
	peers, sending, getting, webSeeds    int32

	announces []string // replaced by torrent-set; nil: as they were
	own       *own     // only of a torrent that came by torrent-add
	flow      *flow    // only while it transfers
	set       map[string]json.RawMessage
	want      []bool // nil: all files
	first     []int8 // priorities; nil: all 0

	touched int64 // seconds since the start of the box
	recent  bool  // is in Simulator.recent
	gone    bool
	fails   Failure // what its tracker has against it
}

// own is what was told of a torrent by torrent-add instead of being made up.
type own struct {
	files    []file
	trackers []string
	comment  string
	creator  string
	created  int64 // Unix seconds
	private  bool
	announce bool // an announce is under way
}

// running tells whether the torrent is not stopped.
func (t *torrent) running() bool { return t.status != state.Stopped }

// complete tells whether everything wanted is here.
func (t *torrent) complete() bool { return t.left == 0 && t.metadata == 1 }

// goal is the status of the torrent once it runs.
func (t *torrent) goal() state.Status {
	if t.complete() {
		return state.Seeding
	}
	return state.Downloading
}

// rates are what the daemon reports: the means of the last two seconds.
func (t *torrent) rates() (down, up int64) {
	if t.flow == nil {
		return 0, 0
	}
	return t.flow.down.reported(), t.flow.up.reported()
}

// find returns the torrent of an id.
func (s *Simulator) find(id int64) *torrent {
	i, ok := slices.BinarySearchFunc(s.torrents, id, func(t *torrent, id int64) int { return int(t.id - id) })
	if !ok {
		return nil
	}
	return s.torrents[i]
}

// insert adds a torrent at the end of the list and of the queue.
func (s *Simulator) insert(t *torrent) {
	s.lastID++
	t.id = s.lastID
	t.queue = len(s.torrents)
	s.torrents = append(s.torrents, t)
	s.byHash[t.hash] = t
}

// remove takes a torrent out of the box.
func (s *Simulator) remove(t *torrent) {
	s.endFlow(t)
	t.gone = true
	delete(s.byHash, t.hash)
	s.pending = slices.DeleteFunc(s.pending, func(p *torrent) bool { return p == t })
	i := slices.Index(s.torrents, t)
	s.torrents = slices.Delete(s.torrents, i, i+1)
	for _, other := range s.torrents {
		if other.queue > t.queue {
			other.queue--
			s.touchQueue(other)
		}
	}
	s.removed = append(s.removed, removal{t.id, s.seconds()})
}
