package simulator

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
)

// file is one file of a torrent.
type file struct {
	name   string // below the torrent's own name; empty when the torrent is one file
	length int64  // bytes
}

// random returns the source of one aspect of the torrent, always the same.
func (t *torrent) random(aspect uint64) *rand.Rand {
	return rand.New(rand.NewPCG(t.seed, aspect))
}

// Aspects of a torrent that are made from its seed.
const (
	aspectFiles = iota + 1
	aspectPeers
	aspectTrackers
	aspectPieces
)

// files returns the files of a torrent.
func (t *torrent) files() []file {
	if t.own != nil {
		return t.own.files
	}
	r := t.random(aspectFiles)
	n := madeFiles(r)
	if n == 1 {
		return []file{{length: t.total}}
	}
	list := make([]file, n)
	rest := t.total
	for i := range list {
		list[i].length = rest
		if i < n-1 {
			list[i].length = int64(float64(rest) * (0.2 + 1.6*r.Float64()) / float64(n-i) * 0.99)
		}
		rest -= list[i].length
		list[i].name = fmt.Sprintf("%02d - %s %s.%s", i+1, title(pick(r, adjectives)), title(pick(r, nouns)), pick(r, endings))
	}
	return list
}

// madeFiles draws how many files a torrent has.
func madeFiles(r *rand.Rand) int {
	switch r.IntN(10) {
	case 0, 1, 2:
		return 2 + r.IntN(14)
	case 3:
		return 15 + r.IntN(120)
	}
	return 1
}

// fileCount is len(t.files()).
func (t *torrent) fileCount() int {
	if t.own != nil {
		return len(t.own.files)
	}
	return madeFiles(t.random(aspectFiles))
}

var endings = []string{"mkv", "flac", "mp4", "epub", "txt", "iso", "jpg"}

// have is how much of a file is here: torrents of the box fill evenly.
func (t *torrent) have(f file) int64 {
	if t.size == 0 {
		return 0
	}
	return int64(float64(f.length) * float64(t.size-t.left) / float64(t.size))
}

func (t *torrent) wanted(i int) bool { return t.want == nil || t.want[i] }

func (t *torrent) priority(i int) int8 {
	if t.first == nil {
		return 0
	}
	return t.first[i]
}

// pieceCount is how many pieces the torrent has.
func (t *torrent) pieceCount() int {
	if t.piece == 0 {
		return 0
	}
	return int((t.total + t.piece - 1) / t.piece)
}

// pieces is a bit for each piece, the first in the highest bit: which ones are
// here. The order in which they come is the torrent's own.
func (t *torrent) pieces() []byte {
	n := t.pieceCount()
	bits := make([]byte, (n+7)/8)
	part := 0.0
	if t.size > 0 {
		part = float64(t.size-t.left) / float64(t.size)
	}
	r := t.random(aspectPieces)
	for i := range n {
		if at := r.Float64(); t.left == 0 || at < part {
			bits[i/8] |= 0x80 >> (i % 8)
		}
	}
	return bits
}

// trackers are the announce URLs of a torrent, each in a tier of its own.
func (t *torrent) trackers() []string {
	if t.announces != nil {
		return t.announces
	}
	if t.own != nil {
		return t.own.trackers
	}
	r := t.random(aspectTrackers)
	site := pick(r, nouns) // its key is that of the box's owner, and so the same for all torrents
	list := []string{fmt.Sprintf("https://tracker.%s.example/%08x%08x/announce", site, crc32.ChecksumIEEE([]byte(site)), len(site))}
	if t.seed%3 == 0 { // a public one
		list = append(list, fmt.Sprintf("http://%s.example:6969/announce", pick(r, nouns)),
			fmt.Sprintf("https://%s-%s.example/announce", pick(r, adjectives), pick(r, nouns)))
	}
	return list
}
