package executor

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"offing/agent/internal/transmission"
	"offing/tunnel/command"
)

// renamed is the path that a file or folder has afterwards.
func renamed(r *command.Renaming) string {
	if i := strings.LastIndexByte(r.Path, '/'); i >= 0 {
		return r.Path[:i+1] + r.Name
	}
	return r.Name
}

// hasPath tells whether the torrent has a file or folder of that path.
func hasPath(k transmission.Known, path string) bool {
	if k.Name == path {
		return true
	}
	for _, f := range k.Files {
		if f == path || strings.HasPrefix(f, path+"/") {
			return true
		}
	}
	return false
}

// roots are the folders of the download tree.
func (t *task) roots() []string {
	if len(t.cfg.Roots) > 0 {
		return t.cfg.Roots
	}
	return []string{t.session.DownloadDir}
}

// resolve returns a folder as the daemon takes it: absolute, and within the download
// tree. A relative one is within the first root, and nothing is the root itself.
func (t *task) resolve(dir string) (string, error) {
	return resolve(t.roots(), dir)
}

func resolve(roots []string, dir string) (string, error) {
	outside := &command.Fault{Code: command.BadPath, Text: "the folder is outside of the box's download tree: choose one within it, or let the box's owner set commands.roots"}
	if len(roots) == 0 || !filepath.IsAbs(roots[0]) {
		return "", &command.Fault{Code: command.BadPath, Text: "the box does not know its download tree: set commands.roots in the agent's configuration"}
	}
	if hasControl(dir) || len(dir) > command.MaxPath {
		return "", &command.Fault{Code: command.BadPath, Text: "this is no path: it is too long or has control characters"}
	}
	for _, part := range strings.Split(dir, "/") {
		if part == ".." {
			return "", outside
		}
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(roots[0], dir)
	}
	dir = filepath.Clean(dir)
	for _, root := range roots {
		if within(filepath.Clean(root), dir) {
			// The words say so; what the links say is looked at where the agent may.
			if real, ok := follow(dir); ok && !withinReal(roots, real) {
				return "", outside
			}
			return dir, nil
		}
	}
	return "", outside
}

func withinReal(roots []string, dir string) bool {
	for _, root := range roots {
		if real, ok := follow(filepath.Clean(root)); !ok || within(real, dir) {
			return true
		}
	}
	return false
}

func within(root, dir string) bool {
	rest, ok := strings.CutPrefix(dir, root)
	return ok && (rest == "" || rest[0] == '/' || root == "/")
}

// follow resolves the links of as much of a path as is there, and returns false when
// the agent may not look.
func follow(dir string) (string, bool) {
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return filepath.Join(real, rest), true
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == "/" {
			return "", false
		}
		dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest)
	}
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}
