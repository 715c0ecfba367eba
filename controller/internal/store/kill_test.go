package store

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What tells the test binary that it is the writer of a kill test, and of which.
const (
	killDir  = "OFFING_STORE_KILL_TEST_DIR"
	killKind = "OFFING_STORE_KILL_TEST_KIND"
)

// batchSize is how many keys each batch of the kill test creates.
const batchSize = 20

// killer is one kind of write: write does number i, check says what must be there
// when n were acknowledged. One more may be there than was acknowledged.
type killer struct {
	write func(t *testing.T, s *Store, i int) error
	check func(t *testing.T, s *Store, n int) (found int)
}

var killers = map[string]killer{
	"values":  {writeValue, checkValues},
	"batches": {writeBatch, checkBatches},
	"records": {writeRecord, checkRecords},
}

// TestKill kills a writer without warning: whatever it was told to be written is
// there, and of a batch all or nothing.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killDir); dir != "" {
		writeForever(t, dir, killers[os.Getenv(killKind)])
	}
	const rounds, enough = 5, 5
	for kind, k := range killers {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			acknowledged := 0
			for range rounds {
				acknowledged = killAfter(t, dir, kind, acknowledged+enough)
				checkAll(t, dir, k, acknowledged)
			}
		})
	}
}

// killAfter kills a writer at any moment of what it does after it has acknowledged
// number n, which takes about as long as the write before, and returns the number of
// the last one that it acknowledged.
func killAfter(t *testing.T, dir, kind string, n int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), killDir+"="+dir, killKind+"="+kind)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last, began := 0, time.Now()
	for lines := bufio.NewScanner(out); lines.Scan(); began = time.Now() {
		if last, err = strconv.Atoi(lines.Text()); err != nil {
			t.Errorf("the writer says %q", lines.Text())
		}
		if last == n {
			took := max(time.Since(began), time.Millisecond)
			time.AfterFunc(rand.N(2*took), func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return last
}

func checkAll(t *testing.T, dir string, k killer, acknowledged int) {
	t.Helper()
	s, err := Open(t.Context(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if found := k.check(t, s, acknowledged); found < acknowledged || found > acknowledged+1 {
		t.Fatalf("%d are there, %d were acknowledged", found, acknowledged)
	}
}

// writeForever goes on after what the writers before it wrote.
func writeForever(t *testing.T, dir string, k killer) {
	s := open(t, dir)
	for i := k.check(t, s, 0) + 1; ; i++ {
		if err := k.write(t, s, i); err != nil {
			t.Fatal(err)
		}
		fmt.Println(i)
	}
}

func value(i int) string { return strings.Repeat(strconv.Itoa(i), 50) }

func killBucket(t *testing.T, s *Store) Bucket {
	t.Helper()
	b, err := s.Bucket(t.Context(), BucketConfig{Name: "kill"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeValue(t *testing.T, s *Store, i int) error {
	_, err := killBucket(t, s).Create(t.Context(), strconv.Itoa(i), []byte(value(i)))
	return err
}

func checkValues(t *testing.T, s *Store, n int) int {
	t.Helper()
	all := content(t, killBucket(t, s))
	for i := 1; i <= n; i++ {
		if all[strconv.Itoa(i)] != value(i) {
			t.Fatalf("value %d of %d acknowledged: %q", i, n, all[strconv.Itoa(i)])
		}
	}
	return len(all)
}

// writeBatch creates some keys, and deletes those that the batch before created: so a
// part of a batch shows, whichever part it is.
func writeBatch(t *testing.T, s *Store, i int) error {
	b := killBucket(t, s)
	before, err := b.All(t.Context())
	if err != nil {
		return err
	}
	writes := []Write{{Op: Put, Key: "last", Value: []byte(strconv.Itoa(i))}}
	for n := range batchSize {
		writes = append(writes, Write{Op: Create, Key: fmt.Sprint(i, "-", n), Value: []byte(value(i))})
	}
	for _, old := range before {
		if old.Key != "last" {
			writes = append(writes, Write{Op: Delete, Key: old.Key, Revision: old.Revision})
		}
	}
	return b.Batch(t.Context(), writes)
}

func checkBatches(t *testing.T, s *Store, _ int) int {
	t.Helper()
	all := content(t, killBucket(t, s))
	if len(all) == 0 {
		return 0
	}
	last, err := strconv.Atoi(all["last"])
	if err != nil || len(all) != batchSize+1 {
		t.Fatalf("the last batch is %q and %d keys are there: %v", all["last"], len(all), err)
	}
	for n := range batchSize {
		if all[fmt.Sprint(last, "-", n)] != value(last) {
			t.Fatalf("batch %d is there without its key %d", last, n)
		}
	}
	return last
}

func killJournal(t *testing.T, s *Store) *Journal {
	t.Helper()
	j, err := s.Journal(t.Context(), JournalConfig{Name: "kill"})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// writeRecord appends a record, and forgets one of another subject: what was
// forgotten does not come back either.
func writeRecord(t *testing.T, s *Store, i int) error {
	j := killJournal(t, s)
	if _, err := j.Append(t.Context(), "gone", []byte(value(i))); err != nil {
		return err
	}
	if err := j.Forget(t.Context(), "gone"); err != nil {
		return err
	}
	_, err := j.Append(t.Context(), "kept", []byte(value(i)))
	return err
}

func checkRecords(t *testing.T, s *Store, n int) int {
	t.Helper()
	records, err := killJournal(t, s).Last(t.Context(), "", 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, r := range records {
		if r.Subject == "gone" && r.Seq < records[len(records)-1].Seq {
			t.Fatalf("a record that was forgotten is there again: %d of %d", r.Seq, records[len(records)-1].Seq)
		}
		if r.Subject == "kept" {
			if found++; string(r.Value) != value(found) {
				t.Fatalf("record %d of %d acknowledged: %q", found, n, r.Value)
			}
		}
	}
	return found
}
