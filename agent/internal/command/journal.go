package executor

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

const (
	journalName   = "journal"
	damagedName   = "journal.damaged"
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

// journal is the file of records, appended to and now and then written anew. Its
// methods but sync are called with Executor.mu held.
type journal struct {
	dir  string
	size int64 // bytes of good records
	base int64 // of size, what was there when it was last written anew
	next uint64

	syncing sync.Mutex // taken after Executor.mu
	file    *os.File   // changed with both held
	synced  uint64     // records that are on the disk for good
}

// openJournal makes the folder and the file if need be, and gives all records to
// each. What is torn at the end was never promised to anybody: it is cut off. What
// follows damage in the midst is cut off too, but kept aside.
func openJournal(dir string, each func(*record)) (j *journal, cut cutOff, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, cut, fmt.Errorf("folder of commands: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, journalName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, cut, fmt.Errorf("journal of commands: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, cut, fmt.Errorf("journal of commands: %w", err)
	}
	j = &journal{dir: dir, file: f}
	switch j.size, err = readRecords(f, each); {
	case err == nil:
	case errors.Is(err, errTorn):
		cut, err = j.cutOff(info.Size())
	}
	if err != nil {
		return nil, cut, fmt.Errorf("journal of commands: %w", err)
	}
	if err := j.startOver(j.size); err != nil {
		return nil, cut, fmt.Errorf("journal of commands: %w", err)
	}
	return j, cut, nil
}

// startOver cuts the file to its good part, of which the header is the least.
func (j *journal) startOver(size int64) error {
	if err := j.file.Truncate(size); err != nil {
		return err
	}
	if size == 0 {
		if _, err := j.file.WriteAt([]byte(journalHeader), 0); err != nil {
			return err
		}
		j.size = int64(len(journalHeader))
	}
	if _, err := j.file.Seek(j.size, io.SeekStart); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	return syncFolder(j.dir)
}

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

// append writes a record, which sync then makes last. After an error the journal is
// as it was.
func (j *journal) append(r *record) (number uint64, err error) {
	b, err := frame(r)
	if err != nil {
		return 0, err
	}
	if _, err := j.file.Write(b); err != nil {
		// Half of it must not stand between the good ones and the next.
		if cut := j.file.Truncate(j.size); cut != nil {
			err = errors.Join(err, cut)
		}
		_, seek := j.file.Seek(j.size, io.SeekStart)
		return 0, errors.Join(err, seek)
	}
	j.size += int64(len(b))
	j.next++
	return j.next, nil
}

// sync returns when the record of that number is on the disk for good, one call for
// all who wait. It is called without Executor.mu.
func (j *journal) sync(number uint64, newest func() uint64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= number {
		return nil
	}
	upTo := newest()
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.synced = max(j.synced, upTo)
	return nil
}

// rewrite replaces the file by one of these records.
func (j *journal) rewrite(records []*record) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	path := filepath.Join(j.dir, journalName)
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	size, err := writeRecords(f, records)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		f.Close()
		_ = os.Remove(path + ".new")
		return err
	}
	_ = j.file.Close()
	j.file, j.size, j.base, j.synced = f, size, size, j.next
	return syncFolder(j.dir)
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

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (j *journal) close() error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	return j.file.Close()
}
