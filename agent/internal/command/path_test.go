package executor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offing/tunnel/command"
)

func TestResolve(t *testing.T) {
	top := t.TempDir()
	tree, other, outside := filepath.Join(top, "tree"), filepath.Join(top, "other"), filepath.Join(top, "outside")
	for _, dir := range []string{filepath.Join(tree, "in"), other, outside, filepath.Join(top, "treehouse")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"escape": outside, "home": filepath.Join(tree, "in"), "dangling": filepath.Join(top, "nowhere")} {
		if err := os.Symlink(to, filepath.Join(tree, link)); err != nil {
			t.Fatal(err)
		}
	}
	roots := []string{tree, other}
	for dir, want := range map[string]string{
		"":                                    tree,
		"in":                                  tree + "/in",
		"new/folder/":                         tree + "/new/folder",
		"./in//x":                             tree + "/in/x",
		tree:                                  tree,
		tree + "/":                            tree,
		other + "/x":                          other + "/x",
		"home/x":                              tree + "/home/x",
		"..":                                  "",
		"in/../../outside":                    "",
		"in/..":                               "", // harmless, but nobody means it
		tree + "/../tree":                     "",
		outside:                               "",
		top:                                   "",
		top + "/treehouse":                    "",
		"/":                                   "",
		"/etc":                                "",
		"escape":                              "",
		"escape/new/folder":                   "",
		"a\x00b":                              "",
		"a\nb":                                "",
		strings.Repeat("x/", command.MaxPath): "",
	} {
		got, err := resolve(roots, dir)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q (%v), want %q", dir, got, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), top) || err.(*command.Fault).Code != command.BadPath) {
			t.Errorf("%q: %v", dir, err)
		}
	}
	// Where the root itself is a link, what it leads to is the tree.
	link := filepath.Join(top, "link")
	if err := os.Symlink(tree, link); err != nil {
		t.Fatal(err)
	}
	if got, err := resolve([]string{link}, "in"); err != nil || got != link+"/in" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := resolve([]string{link}, "escape"); err == nil {
		t.Error("a link out of the tree was followed")
	}
	for _, none := range [][]string{nil, {""}} {
		if _, err := resolve(none, "x"); err == nil {
			t.Error("without a tree there is a path")
		}
	}
}

func FuzzResolve(f *testing.F) {
	for _, s := range []string{"", "a", "/srv/torrents/x", "../x", "a/../../b", "/srv/torrentsx", "//srv//torrents"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, dir string) {
		got, err := resolve([]string{"/srv/torrents"}, dir)
		if err == nil && got != "/srv/torrents" && !strings.HasPrefix(got, "/srv/torrents/") || err == nil && filepath.Clean(got) != got {
			t.Errorf("%q is %q", dir, got)
		}
	})
}
