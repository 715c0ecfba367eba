package simulator

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"offing/tunnel/state"
)

// What a box is made of.
const (
	smallest, largest = 50e6, 100e9 // bytes of a torrent
	medianSize        = 1.8e9
	sizeSpread        = 1.5             // standard deviation of the logarithm
	age               = 3 * 365 * 86400 // seconds since the oldest was added

	partStopped    = 0.06 // of the torrents that are complete
	partIncomplete = 0.08 // of all, stopped before they were complete
	partFailing    = 0.03 // of all, with an error
	partLabelled   = 0.35
)

// failures are what trackers and disks have against torrents, in the daemon's
// words.
var failures = []Failure{
	{state.TrackerError, "Unregistered torrent"},
	{state.TrackerError, "Torrent not registered with this tracker."},
	{state.TrackerError, "Tracker gave HTTP response code 503 (Service Unavailable)"},
	{state.TrackerError, "Unauthorized passkey"},
	{state.TrackerWarning, "Your client is announcing too often"},
	{state.LocalError, `No data found! Ensure your drives are connected or use "Set Location". To re-download, remove the torrent and re-add it.`},
}

func (s *Simulator) populate() {
	for range s.cfg.Torrents {
		t := s.makeTorrent(s.unix() - s.rng.Int64N(age) - 600)
		s.insert(t)
		switch {
		case s.rng.Float64() < partIncomplete:
			t.beginAgain(s.rng.Float64())
		case s.rng.Float64() < partStopped:
		default:
			t.status = state.Seeding
			t.started = t.added
			t.peers = int32(max(0, s.rng.IntN(6)-3))
		}
		t.up = int64(float64(t.down) * math.Exp(s.rng.NormFloat64()*1.4-0.3))
		if s.rng.Float64() < partFailing {
			t.fail(failures[s.rng.IntN(len(failures))])
		}
	}
	s.session.everDown, s.session.everUp = s.total()
	for i, n := range s.rng.Perm(len(s.torrents))[:min(s.cfg.Active, len(s.torrents))] {
		t := s.torrents[n]
		t.fail(Failure{})
		t.started = s.unix() - s.rng.Int64N(3600)
		if i%loading == 0 {
			t.beginAgain(s.rng.Float64())
		} else {
			t.left, t.done = 0, max(t.done, t.added)
			t.down = max(t.down, t.size)
		}
		s.flowOf(t)
	}
	s.warmUp()
}

// makeTorrent returns a torrent that was added and completed at that time, and
// is stopped.
func (s *Simulator) makeTorrent(added int64) *torrent {
	t := &torrent{
		seed: s.rng.Uint64(), name: releaseName(s.rng), dir: s.cfg.DownloadDir,
		added: added, metadata: 1,
	}
	for i := 0; i < len(t.hash); i += 4 {
		binary.LittleEndian.PutUint32(t.hash[i:], s.rng.Uint32())
	}
	size := math.Exp(math.Log(medianSize) + s.rng.NormFloat64()*sizeSpread)
	t.total = int64(min(max(size, smallest), largest))
	t.size, t.piece = t.total, pieceSize(t.total)
	t.done = min(added+60+t.size/int64(1e6*(1+9*s.rng.Float64())), s.unix()-1)
	t.down = t.size + t.size/1000*s.rng.Int64N(20)
	t.active = t.done + s.rng.Int64N(max(1, s.unix()-t.done)/2+1)
	if s.rng.Float64() < partLabelled {
		t.labels = makeLabels(s.rng)
	}
	return t
}

// beginAgain makes the torrent one of which only that part is here.
func (t *torrent) beginAgain(part float64) {
	have := int64(float64(t.size)*part) / blockSize * blockSize
	t.left, t.done, t.down = t.size-have, 0, have
}

func makeLabels(r *rand.Rand) []string {
	first := r.IntN(len(labelWords))
	labels := []string{labelWords[first]}
	if r.IntN(3) == 0 {
		labels = append(labels, labelWords[(first+1+r.IntN(len(labelWords)-1))%len(labelWords)])
	}
	return labels
}

// pieceSize is the power of two that makers of torrents take: one to two
// thousand pieces, of at most 16 MiB.
func pieceSize(total int64) int64 {
	size := int64(blockSize)
	for size < 16<<20 && total/size > 2000 {
		size *= 2
	}
	return size
}

// fail gives the torrent an error, or takes it with the zero Failure.
func (t *torrent) fail(f Failure) {
	t.err, t.errText = f.Kind, f.Text
	if f.Kind == state.LocalError {
		t.status = state.Stopped // the daemon stops what it cannot read or write
	}
}

// total is what all torrents have ever received and sent.
func (s *Simulator) total() (down, up int64) {
	for _, t := range s.torrents {
		down += t.down
		up += t.up
	}
	return down, up
}
