package tor

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder that is shared with others, as /run is, must neither be used nor
// closed to them.
func TestFoldersOfOthersAreLeftAlone(t *testing.T) {
	shared, empty := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(shared, "theirs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{shared, empty} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := makePrivate(shared); err == nil {
		t.Error("a folder that others use was taken")
	}
	if err := makePrivate(empty); err != nil {
		t.Error(err)
	}
	for dir, want := range map[string]os.FileMode{shared: 0o755, empty: 0o700} {
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("a folder has mode %o, want %o", got, want)
		}
	}
}
