package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats-server/v2/server"
)

// repairSums writes the checksum of each stream's description anew where it does not
// fit. The server (2.15.2, fileStore.writeStreamMeta) writes the description and then
// its checksum, and passes over a stream whose checksum does not fit: who is killed
// between the two would have lost the stream. Nothing is lost by mending it, since
// the description is encrypted and so has a better checksum within it.
func repairSums(dir string) error {
	streams := filepath.Join(dir, server.JetStreamStoreDir, "$G", "streams")
	entries, err := os.ReadDir(streams)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if err := repairSum(filepath.Join(streams, e.Name())); err != nil {
			return err
		}
	}
	return err
}

// minDescription is the length of a nonce and a checksum of XChaCha20-Poly1305. The
// server falls over what is shorter, unless its own checksum stops it.
const minDescription = 24 + 16

func repairSum(stream string) error {
	description, err := os.ReadFile(filepath.Join(stream, server.JetStreamMetaFile))
	if errors.Is(err, fs.ErrNotExist) { // it was not created in full
		return nil
	}
	if err != nil {
		return err
	}
	if len(description) < minDescription {
		return nil
	}
	key := sha256.Sum256([]byte(filepath.Base(stream)))
	hash, err := highwayhash.New64(key[:])
	if err != nil {
		return err
	}
	_, _ = hash.Write(description) // never fails
	sum := hex.AppendEncode(nil, hash.Sum(nil))
	path := filepath.Join(stream, server.JetStreamMetaFileSum)
	have, err := os.ReadFile(path)
	if err == nil && string(have) == string(sum) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return writeFile(path, sum)
}
