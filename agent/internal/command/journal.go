package executor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
)

const (
	journalName = "journal"
	damagedName = "journal.damaged"
)

// journal is the file of records, appended to and now and then written anew. Its
// methods but sync are called with Executor.mu held.
type journal struct {
	dir  string
	size int64         // bytes of good records
	base int64         // of size, what was there when it was last written anew
	next atomic.Uint64 // records that were ever appended

	syncing sync.Mutex // taken after Executor.mu, never before
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
	return j.next.Add(1), nil
}

// sync returns when the record of that number is on the disk for good, one call for
// all who wait. It needs Executor.mu neither before nor meanwhile: who writes the
// journal anew holds it.
func (j *journal) sync(number uint64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.synced >= number {
		return nil
	}
	upTo := j.next.Load() // what is appended from here on may miss the call
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.synced = upTo
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
	j.file, j.size, j.base, j.synced = f, size, size, j.next.Load()
	return syncFolder(j.dir)
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
