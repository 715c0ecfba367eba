package state

import (
	"math"
	"reflect"
	"testing"
)

// eachField calls f with a T of which only one field is not zero, for each.
func eachField[T any](t *testing.T, f func(name string, v T)) {
	t.Helper()
	for field := range reflect.TypeFor[T]().Fields() {
		var v T
		to := reflect.ValueOf(&v).Elem().FieldByIndex(field.Index)
		to.Set(different(t, to))
		f(field.Name, v)
	}
}

// TestNumbersOfSettings proves that each field of Settings is among its numbers or
// its texts, and comes back from there.
func TestNumbersOfSettings(t *testing.T) {
	numbers, texts := map[int]string{}, map[int]string{}
	eachField(t, func(name string, v Settings) {
		n, found := v.Numbers(), 0
		for i := range n {
			if n[i] != 0 {
				found++
				if numbers[i] != "" {
					t.Errorf("%s and %s are the number %d", name, numbers[i], i)
				}
				numbers[i] = name
			}
		}
		var back Settings
		if !back.SetNumbers(n) {
			t.Errorf("%s does not fit itself", name)
		}
		from, _ := v.Texts()
		to, _ := back.Texts()
		for i := range from {
			if *to[i] = *from[i]; *from[i] != "" {
				found++
				texts[i] = name
			}
		}
		if found != 1 || back != v {
			t.Errorf("%s has %d places; back it is %+v", name, found, back)
		}
	})
	if len(numbers) != SettingsNumbers || len(texts) != SettingsTexts {
		t.Errorf("%d numbers and %d texts", len(numbers), len(texts))
	}
}

func TestNumbersBeyondSettings(t *testing.T) {
	for i := range SettingsNumbers {
		var n [SettingsNumbers]int64
		for _, bad := range []int64{-1, math.MinInt64} {
			n[i] = bad
			if new(Settings).SetNumbers(n) {
				t.Errorf("%d is taken for number %d", bad, i)
			}
		}
		n[i] = math.MaxInt64
		var v Settings
		if v.SetNumbers(n) && v.Numbers() != n {
			t.Errorf("number %d is cut", i)
		}
	}
}

// TestNumbersOfOptions proves that each field of Options is one of its numbers, and
// comes back.
func TestNumbersOfOptions(t *testing.T) {
	seen := map[int]string{}
	eachField(t, func(name string, v Options) {
		found := 0
		for i, n := range v.Numbers() {
			if n != 0 {
				seen[i], found = name, found+1
			}
		}
		if back, ok := OptionsOf(v.Numbers()); !ok || back != v || found != 1 {
			t.Errorf("%s: %+v, %v", name, back, ok)
		}
	})
	if len(seen) != OptionsNumbers {
		t.Errorf("%d numbers", len(seen))
	}
	for i := range OptionsNumbers {
		var n [OptionsNumbers]int64
		for _, bad := range []int64{math.MinInt64, -2, 256, 1 << 32} {
			n[i] = bad
			if o, ok := OptionsOf(n); ok && o.Numbers() != n {
				t.Errorf("%d is taken for number %d", bad, i)
			}
		}
	}
}

// TestChecksumOfOptions proves that each field of Options and of Settings counts.
func TestChecksumOfOptions(t *testing.T) {
	seen := map[uint64]string{(&Torrent{}).Checksum(): "nothing", Settings{}.checksum(): "no settings"}
	note := func(name string, sum uint64) {
		if other, ok := seen[sum]; ok {
			t.Errorf("%s and %s have the same checksum", name, other)
		}
		seen[sum] = name
	}
	eachField(t, func(name string, v Options) { note(name, (&Torrent{Options: v}).Checksum()) })
	eachField(t, func(name string, v Settings) { note("settings."+name, v.checksum()) })
}
