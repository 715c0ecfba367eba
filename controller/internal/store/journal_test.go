package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func openJournal(t *testing.T, s *Store, c JournalConfig) *Journal {
	t.Helper()
	c.Name = strings.ReplaceAll(t.Name(), "/", "-")
	j, err := s.Journal(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func mustAppend(t *testing.T, j *Journal, subject string, values ...string) {
	t.Helper()
	for _, v := range values {
		if _, err := j.Append(t.Context(), subject, []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantLast compares the values of the last n records.
func wantLast(t *testing.T, j *Journal, subject string, n int, want ...string) {
	t.Helper()
	records, err := j.Last(t.Context(), subject, n)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, string(r.Value))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the last %d of %q: got %q, want %q", n, subject, got, want)
	}
}

func testJournal(t *testing.T, s *Store) {
	ctx := t.Context()
	j := openJournal(t, s, JournalConfig{})
	wantLast(t, j, "", 10)
	wantLast(t, j, "ada", 10)
	before := time.Now().Add(-time.Second)
	var last uint64
	for i := range 5 {
		seq, err := j.Append(ctx, "ada", []byte{byte('0' + i)})
		if err != nil || seq <= last {
			t.Fatalf("record %d after %d: %v", seq, last, err)
		}
		last = seq
	}
	mustAppend(t, j, "ben", "a", "b")
	wantLast(t, j, "ada", 3, "2", "3", "4")
	wantLast(t, j, "ada", 100, "0", "1", "2", "3", "4")
	wantLast(t, j, "", 3, "4", "a", "b")
	wantLast(t, j, "", 100, "0", "1", "2", "3", "4", "a", "b")
	wantLast(t, j, "", 0)
	wantLast(t, j, "nobody", 1)
	records, err := j.Last(ctx, "ada", 1)
	if err != nil {
		t.Fatal(err)
	}
	if r := records[0]; r.Seq != last || r.Subject != "ada" || r.At.Before(before) || r.At.After(time.Now().Add(time.Second)) {
		t.Errorf("the last record is %+v, want %d of ada at about %v", r, last, before)
	}
}

func testJournalSubjects(t *testing.T, s *Store) {
	j := openJournal(t, s, JournalConfig{})
	subjects := []string{" ", "*", ">", "a.b", "A.B", "../..", "\x00\xff", "名前", strings.Repeat("k", maxKey)}
	for _, subject := range subjects {
		mustAppend(t, j, subject, subject)
	}
	for _, subject := range subjects {
		wantLast(t, j, subject, 10, subject)
	}
	records, err := j.Last(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if r.Subject != subjects[i] {
			t.Errorf("record %d is about %q, want %q", i, r.Subject, subjects[i])
		}
	}
}

func testJournalLimits(t *testing.T, s *Store) {
	j := openJournal(t, s, JournalConfig{PerSubject: 2, Max: 5})
	mustAppend(t, j, "ada", "1", "2", "3")
	wantLast(t, j, "ada", 10, "2", "3")
	mustAppend(t, j, "ben", "1", "2")
	mustAppend(t, j, "cem", "1", "2")
	wantLast(t, j, "", 10, "3", "1", "2", "1", "2")
	// A setting that was changed takes hold when the journal is opened again.
	j = openJournal(t, s, JournalConfig{PerSubject: 1})
	wantLast(t, j, "", 10, "3", "2", "2")
}

func testJournalForget(t *testing.T, s *Store) {
	ctx := t.Context()
	j := openJournal(t, s, JournalConfig{})
	for i := range 3 {
		mustAppend(t, j, "ada", fmt.Sprint("a", i))
		mustAppend(t, j, "ben", fmt.Sprint("b", i))
	}
	if err := j.Forget(ctx, "ben"); err != nil {
		t.Fatal(err)
	}
	if err := j.Forget(ctx, "nobody"); err != nil {
		t.Fatal(err)
	}
	wantLast(t, j, "ben", 10)
	wantLast(t, j, "", 3, "a0", "a1", "a2")
	mustAppend(t, j, "ben", "again")
	wantLast(t, j, "", 2, "a2", "again")
	wantLast(t, j, "ben", 10, "again")
}

func testJournalBounds(t *testing.T, s *Store) {
	ctx := t.Context()
	j := openJournal(t, s, JournalConfig{})
	for _, subject := range []string{"", strings.Repeat("k", maxKey+1), strings.Repeat("k", 1<<16)} {
		if _, err := j.Append(ctx, subject, nil); err == nil {
			t.Errorf("a subject of %d bytes is taken", len(subject))
		}
		if err := j.Forget(ctx, subject); err == nil {
			t.Errorf("a subject of %d bytes is forgotten", len(subject))
		}
	}
	if _, err := j.Append(ctx, "k", make([]byte, maxValue+1)); err == nil {
		t.Error("a value above the bound is taken")
	}
	if _, err := j.Append(ctx, "k", make([]byte, maxValue)); err != nil {
		t.Errorf("a value at the bound: %v", err)
	}
	if _, err := s.Journal(ctx, JournalConfig{Name: "a.b"}); err == nil {
		t.Error("a name with a dot is taken")
	}
}
