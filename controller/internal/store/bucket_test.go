package store

import "testing"

// FuzzDecode: what decode takes is what encode makes of it, so that no two subjects
// are the same key.
func FuzzDecode(f *testing.F) {
	for _, key := range []string{"ada", ".", "\x00\xff", "名前"} {
		encoded, err := encode(key)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	for _, encoded := range []string{"", "a", "CH!", "CHO", "cho", "CH=====", "01", "0\n0"} {
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		key, err := decode(encoded)
		if err != nil {
			return
		}
		if again, err := encode(key); err != nil || again != encoded {
			t.Errorf("%q is the key %q, which is %q, %v", encoded, key, again, err)
		}
	})
}
