package rig

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const pieceSize = 256 << 10

// payload is a file of random bytes, the same for the same name, with the
// pieces of its torrent.
type payload struct {
	path string
	meta metainfo
}

// writePayload makes dir/name of size bytes.
func writePayload(dir, name string, size int64) (payload, error) {
	p := payload{path: filepath.Join(dir, name), meta: metainfo{Name: name, Size: size, Piece: pieceSize}}
	file, err := os.Create(p.path)
	if err != nil {
		return p, err
	}
	defer file.Close()
	seed := sha256.Sum256([]byte(name))
	random := rand.NewChaCha8(seed)
	piece := make([]byte, pieceSize)
	for left := size; left > 0; left -= pieceSize {
		n := min(left, pieceSize)
		random.Read(piece[:n])
		sum := sha1.Sum(piece[:n])
		p.meta.Pieces = append(p.meta.Pieces, sum[:]...)
		if _, err := file.Write(piece[:n]); err != nil {
			return p, err
		}
	}
	return p, file.Close()
}

// writeHole makes dir/name of size zero bytes that take no room on the disk:
// long to check, quick to make.
func writeHole(dir, name string, size int64) (payload, error) {
	const piece = 16 << 20
	p := payload{path: filepath.Join(dir, name), meta: metainfo{Name: name, Size: size - size%piece, Piece: piece}}
	file, err := os.Create(p.path)
	if err != nil {
		return p, err
	}
	defer file.Close()
	sum := sha1.Sum(make([]byte, piece))
	for range p.meta.Size / piece {
		p.meta.Pieces = append(p.meta.Pieces, sum[:]...)
	}
	if err := file.Truncate(p.meta.Size); err != nil {
		return p, err
	}
	return p, file.Close()
}

// copyPart copies the first n bytes of src to a new file dst.
func copyPart(dst, src string, n int64) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(dst)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.CopyN(out, in, n); err != nil {
		return err
	}
	return out.Close()
}

// writeIdle fills a Transmission configuration folder, before the daemon has
// started, with n stopped torrents whose content nobody has. The resume files
// keep it from checking them all at the start.
func writeIdle(config string, n int) error {
	torrents, resume := filepath.Join(config, "torrents"), filepath.Join(config, "resume")
	for _, dir := range []string{torrents, resume} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	const piece = 64 << 20
	sizes := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		size := int64(1e6 + sizes.ExpFloat64()*2e9)
		pieces := make([]byte, sha1.Size*((size+piece-1)/piece))
		m := metainfo{Name: fmt.Sprintf("archive-%05d.tar", i), Size: size, Piece: piece, Pieces: pieces}
		file, hash := m.encode()
		stem := fmt.Sprintf("%s.%x", m.Name, hash[:8])
		if err := os.WriteFile(filepath.Join(torrents, stem+".torrent"), file, 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(resume, stem+".resume"), idleResume(i), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// idleResume is the part of Transmission's resume format (libtransmission
// resume.c) that keeps a torrent stopped and unchecked.
func idleResume(i int) []byte {
	var b bytes.Buffer
	bencode(&b, map[string]any{
		"added-date": int64(1_700_000_000 + i),
		"paused":     int64(1),
		"progress":   map[string]any{"blocks": "none", "mtimes": []any{int64(0)}},
	})
	return b.Bytes()
}
