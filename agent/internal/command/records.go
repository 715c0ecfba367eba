package executor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"

	"github.com/fxamacker/cbor/v2"
)

const (
	journalHeader = "offing commands 1\n"
	maxRecord     = 24 << 20 // bytes; a plan and its command have a .torrent file each
	frameHeader   = 8        // length and checksum, 4 bytes each, big-endian
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errTorn    = errors.New("the journal ends in the midst of a record")
	decoding   = func() cbor.DecMode {
		m, err := cbor.DecOptions{MaxNestedLevels: 16, MaxArrayElements: 1 << 17, MaxMapPairs: 1 << 10}.DecMode()
		if err != nil {
			panic(err) // the options are constants
		}
		return m
	}()
)

// readRecords returns how many bytes are good. errTorn means that more follow.
func readRecords(r io.Reader, each func(*record)) (good int64, err error) {
	in := bufio.NewReader(r)
	header := make([]byte, len(journalHeader))
	switch n, err := io.ReadFull(in, header); {
	case err == io.EOF:
		return 0, nil
	case err == io.ErrUnexpectedEOF && string(header[:n]) == journalHeader[:n]:
		return 0, errTorn
	case err != nil && err != io.ErrUnexpectedEOF:
		return 0, err
	case string(header) != journalHeader:
		return 0, errors.New("it is of another version of the agent, or no journal: move it away, and what was under way is lost")
	}
	good = int64(len(header))
	for {
		rec, n, err := readRecord(in)
		if err == io.EOF {
			return good, nil
		}
		if err != nil {
			return good, err
		}
		good += n
		each(rec)
	}
}

// readRecord returns io.EOF at the end, and errTorn for what is no record.
func readRecord(in *bufio.Reader) (*record, int64, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = errTorn
		}
		return nil, 0, err
	}
	size := binary.BigEndian.Uint32(head[:4])
	if size == 0 || size > maxRecord {
		return nil, 0, errTorn
	}
	// Read as it comes: the length may be rubbish, and memory is not.
	body, err := io.ReadAll(io.LimitReader(in, int64(size)))
	if err != nil {
		return nil, 0, err
	}
	if len(body) < int(size) || crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(head[4:]) {
		return nil, 0, errTorn
	}
	rec := new(record)
	if err := decoding.Unmarshal(body, rec); err != nil {
		return nil, 0, errTorn
	}
	return rec, frameHeader + int64(size), nil
}

func frame(r *record) ([]byte, error) {
	body, err := cbor.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(body) > maxRecord {
		return nil, errors.New("a record of the journal is too large")
	}
	b := make([]byte, frameHeader, frameHeader+len(body))
	binary.BigEndian.PutUint32(b, uint32(len(body)))
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(body, castagnoli))
	return append(b, body...), nil
}

func writeRecords(f io.Writer, records []*record) (int64, error) {
	out := bufio.NewWriter(f)
	n, err := out.WriteString(journalHeader)
	size := int64(n)
	for _, r := range records {
		if err != nil {
			return 0, err
		}
		var b []byte
		if b, err = frame(r); err == nil {
			_, err = out.Write(b)
			size += int64(len(b))
		}
	}
	return size, errors.Join(err, out.Flush())
}
