package store

import (
	"fmt"
	"testing"
)

func benchBucket(b *testing.B) Bucket {
	b.Helper()
	bucket, err := benchStore(b).Bucket(b.Context(), BucketConfig{Name: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	return bucket
}

func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), config(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

var benchValue = make([]byte, 200)

func BenchmarkPut(b *testing.B) {
	bucket := benchBucket(b)
	for b.Loop() {
		if _, err := bucket.Put(b.Context(), "k", benchValue); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	bucket := benchBucket(b)
	revision, err := bucket.Put(b.Context(), "k", benchValue)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if revision, err = bucket.Update(b.Context(), "k", benchValue, revision); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBatch100(b *testing.B) {
	bucket := benchBucket(b)
	writes := manyWrites(100)
	for i := range writes {
		writes[i].Value = benchValue
	}
	for b.Loop() {
		if err := bucket.Batch(b.Context(), writes); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(writes))/b.Elapsed().Seconds(), "writes/s")
}

func BenchmarkAll10000(b *testing.B) {
	bucket := benchBucket(b)
	for i := range 10 {
		writes := manyWrites(1000)
		for j := range writes {
			writes[j].Key, writes[j].Value = fmt.Sprint(i, "-", j), benchValue
		}
		if err := bucket.Batch(b.Context(), writes); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if items, err := bucket.All(b.Context()); err != nil || len(items) != 10_000 {
			b.Fatal(len(items), err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	j, err := benchStore(b).Journal(b.Context(), JournalConfig{Name: "bench", PerSubject: 200, Max: 10_000})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if _, err := j.Append(b.Context(), fmt.Sprint("s", i%100), benchValue); err != nil {
			b.Fatal(err)
		}
	}
}
