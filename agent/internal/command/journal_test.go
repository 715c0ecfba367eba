package executor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

func someRecords() []*record {
	c := &command.Command{ID: command.ID{1}, Kind: command.QueueUp, Torrents: []state.Hash{{1}, {2}}}
	p := &plan{Order: c.Torrents, Places: []int32{0, 1}}
	return []*record{
		{Kind: recordAccepted, Home: "home", ID: c.ID, Command: c},
		{Kind: recordBegun, Home: "home", ID: c.ID, Plan: p},
		{Kind: recordMarked, Home: "home", ID: c.ID, Mark: 1, Result: &command.Result{Done: 1}},
		{Kind: recordEnded, Home: "home", ID: c.ID, At: 5, Result: &command.Result{ID: c.ID, Done: 2}},
	}
}

func journalText(t testing.TB, records ...*record) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := writeRecords(&b, records); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A journal may end at any byte: what is whole before it counts, and more can be
// written after it.
func TestTornJournal(t *testing.T) {
	whole := journalText(t, someRecords()...)
	ends := []int{0, len(journalHeader)}
	for i := range someRecords() {
		ends = append(ends, len(journalText(t, someRecords()[:i+1]...)))
	}
	for cut := range len(whole) + 1 {
		dir := t.TempDir()
		path := filepath.Join(dir, journalName)
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		var got []*record
		j, lost, err := openJournal(dir, func(r *record) { got = append(got, r) })
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want, good := 0, 0
		for i, end := range ends {
			if end <= cut {
				want, good = max(i-1, 0), end
			}
		}
		if len(got) != want || lost.bytes != int64(cut-good) || lost.aside {
			t.Fatalf("cut at %d: %d records and %d bytes lost, want %d and %d", cut, len(got), lost.bytes, want, cut-good)
		}
		if _, err := j.append(someRecords()[0]); err != nil {
			t.Fatal(err)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
		n := 0
		j, lost, err = openJournal(dir, func(*record) { n++ })
		if err != nil || n != want+1 || lost.bytes != 0 {
			t.Fatalf("cut at %d: %d records afterwards, %d lost, %v", cut, n, lost.bytes, err)
		}
		j.close()
	}
}

// What follows damage in the midst of a journal is not done, but kept aside.
func TestDamagedJournal(t *testing.T) {
	list := someRecords()
	whole, first := journalText(t, list...), len(journalText(t, list[0]))
	second := len(journalText(t, list[:2]...))
	for at := first; at < second; at++ {
		dir := t.TempDir()
		path := filepath.Join(dir, journalName)
		text := bytes.Clone(whole)
		text[at] ^= 0x81
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		e, err := Open(Config{Dir: dir, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		if e.pending != 1 || len(e.results) != 0 {
			t.Errorf("byte %d: %d commands and %d results, want the first record", at, e.pending, len(e.results))
		}
		kept, err := os.ReadFile(filepath.Join(dir, damagedName))
		if err != nil || !bytes.Equal(kept, text[first:]) {
			t.Errorf("byte %d: %d bytes are kept aside, want %d, %v", at, len(kept), len(text)-first, err)
		}
		if info, err := os.Stat(filepath.Join(dir, damagedName)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if !strings.Contains(log.String(), "damaged") {
			t.Errorf("the log says %s", &log)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Results are bounded by their bytes too, over a restart as well.
func TestManyBytesOfResults(t *testing.T) {
	e, err := Open(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r := &command.Result{Failed: command.MaxFailures, Faults: make([]command.Failure, command.MaxFailures)}
	for i := range r.Faults {
		r.Faults[i].Fault = command.Fault{Code: command.DaemonRefused, Text: strings.Repeat("a", 900)}
	}
	each := resultSize(r)
	e.mu.Lock()
	for i := range 100 {
		x := &entry{key: key{"home", command.ID{byte(i)}}}
		x.finish(r, time.Now())
		e.entries[x.key] = x
		e.keepLocked(x)
	}
	e.expireLocked()
	e.mu.Unlock()
	want := int(maxResultsSize / each)
	if len(e.results) != want || e.kept != int64(want)*each || e.results[want-1].key.id != (command.ID{99}) {
		t.Errorf("%d results of %d bytes are kept, want the last %d", len(e.results), e.kept, want)
	}
	for _, x := range slices.Clone(e.results) {
		e.Forget("home", x.key.id)
	}
	if e.kept != 0 || len(e.results) != 0 {
		t.Errorf("%d bytes of %d results when all are forgotten", e.kept, len(e.results))
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// Others wait for the disk while the journal is written anew: each gets what it waits
// for.
func TestRewriteWhileSyncing(t *testing.T) {
	e, err := Open(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			for range 20 {
				e.mu.Lock()
				number, err := e.journal.append(someRecords()[0])
				e.mu.Unlock()
				if err == nil {
					err = e.journal.sync(number)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		e.mu.Lock()
		err := e.rewriteLocked()
		e.mu.Unlock()
		if err != nil {
			t.Error(err)
		}
	}
	waiting.Wait()
	if j := e.journal; j.synced != 40 || j.next.Load() != 40 {
		t.Errorf("%d of %d records are on the disk", j.synced, j.next.Load())
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestForeignJournal(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, journalName), []byte(strings.Repeat("somebody's diary\n", 9)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openJournal(dir, func(*record) {}); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("%v", err)
	}
}

func TestJournalMode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "commands")
	j, _, err := openJournal(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.rewrite(someRecords()); err != nil {
		t.Fatal(err)
	}
	defer j.close()
	for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, journalName): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// framed is a journal of one record of that content.
func framed(body []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(journalHeader), uint32(len(body)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(body, castagnoli))
	return append(b, body...)
}

func FuzzJournal(f *testing.F) {
	whole := journalText(f, someRecords()...)
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte(journalHeader + "\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Add([]byte{})
	for _, r := range someRecords() {
		b, err := frame(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[frameHeader:])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !bytes.HasPrefix(text, []byte(journalHeader)) {
			text = framed(text) // or the checksum would keep all from the decoder
		}
		var list []*record
		good, err := readRecords(bytes.NewReader(text), func(r *record) { list = append(list, r) })
		if good > int64(len(text)) || err == nil && good != int64(len(text)) {
			t.Fatalf("%d good bytes of %d, %v", good, len(text), err)
		}
		if err != nil && !errors.Is(err, errTorn) {
			return
		}
		again := 0
		if _, err := readRecords(bytes.NewReader(journalText(t, list...)), func(*record) { again++ }); err != nil || again != len(list) {
			t.Fatalf("%d of %d records come back, %v", again, len(list), err)
		}
		// Whatever a journal says, there is an executor of it.
		e := &Executor{entries: map[key]*entry{}}
		var order []*entry
		for _, r := range list {
			order = e.replay(r, order)
		}
	})
}
