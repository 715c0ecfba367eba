package ui

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"
)

func TestBuiltServesWhatIsUnderDist(t *testing.T) {
	page, err := built(fstest.MapFS{
		"dist.txt":             {Data: []byte("not this one")},
		"dist/index.html":      {Data: []byte("<!doctype html>")},
		"dist/assets/index.js": {Data: []byte("0")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "assets/index.js"} {
		if _, err := fs.Stat(page, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := fs.Stat(page, "dist.txt"); err == nil {
		t.Error("the note for builders is served as a page")
	}
}

func TestBuiltSaysWhatToDoWithoutAPage(t *testing.T) {
	if _, err := built(fstest.MapFS{"dist.txt": {}}); !errors.Is(err, ErrNotBuilt) {
		t.Fatalf("got %v, want ErrNotBuilt", err)
	}
}

// TestDist holds whether or not the page was built before the test.
func TestDist(t *testing.T) {
	page, err := Dist()
	if errors.Is(err, ErrNotBuilt) {
		if _, err := files.ReadFile("dist.txt"); err != nil {
			t.Fatalf("neither a page nor the note about it is embedded: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(page, "index.html"); err != nil {
		t.Fatal(err)
	}
}
