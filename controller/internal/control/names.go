package control

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// place is where content is, or is to be: a name in one of some folders.
type place struct {
	dirs       []string // absolute; none when the folder is not known
	name       string
	incomplete bool // while it is fetched it may be in the daemon's folder for that
}

// taken is where the content of others is. Two contents that are at the same place,
// or one within the other, would overwrite each other, or be removed together.
type taken struct {
	paths      map[string]bool // of content
	above      map[string]bool // folders that hold some
	names      map[string]bool // of all content, for a folder that is not known
	anywhere   map[string]bool // of content whose folder is not known
	incomplete map[string]bool // names of what may be in the folder for what is incomplete
	apart      bool            // there is such a folder
}

// takenBy returns what of a box is not u's: what it has, and what others are about
// to bring there.
// self is not looked at.
func (c *Control) takenBy(u account.User, box string, l line, self state.Hash) *taken {
	t := &taken{
		paths: map[string]bool{}, above: map[string]bool{}, names: map[string]bool{},
		anywhere: map[string]bool{}, incomplete: map[string]bool{},
	}
	if l.state == nil {
		return t
	}
	settings := l.state.Settings()
	t.apart = settings.UseIncomplete
	l.state.Each(func(x *state.Torrent) bool {
		if x.Hash != self && owners.AccessOf(c.cfg.Owners.Grants(owners.Key{Box: box, Hash: x.Hash}, x.Added), u) != owners.Own {
			t.add(placeOf(x))
		}
		return true
	})
	c.mu.Lock()
	orders := c.unendedLocked(box)
	c.mu.Unlock()
	for _, o := range orders {
		if o.Do == command.Add && o.Hash == self && self != (state.Hash{}) {
			continue // both add the same
		}
		for _, p := range c.placesOf(u, o, l, settings.DownloadDir) {
			t.add(p)
		}
	}
	return t
}

// placeOf returns where the content of a torrent is.
func placeOf(x *state.Torrent) place {
	p := place{name: x.Name, incomplete: x.Left > 0 || x.Metadata < state.Whole}
	if x.Dir != "" {
		p.dirs = []string{x.Dir}
	}
	return p
}

// placesOf returns where an order of somebody else than u will bring content.
func (c *Control) placesOf(u account.User, o *order, l line, home string) []place {
	c.mu.Lock()
	cmd, name, target := o.cmd, o.plan.Name, o.target()
	c.mu.Unlock()
	switch {
	case cmd == nil:
		return nil
	case o.Do == command.Add && name != "" && target != u:
		return []place{{dirs: folders(cmd.Add.Dir, home), name: name, incomplete: true}}
	case (o.Do == command.Move || o.Do == command.Rename) && (o.User != u || u == ""):
		return movedTo(cmd, l, home)
	}
	return nil
}

// movedTo returns where a move or a renaming brings content.
func movedTo(cmd *command.Command, l line, home string) []place {
	var places []place
	for _, h := range cmd.Torrents {
		x, ok := l.torrent(h)
		if !ok {
			continue
		}
		p := placeOf(&x)
		switch {
		case cmd.Kind == command.Move:
			p.dirs = folders(cmd.Move.Dir, home)
		case strings.Contains(cmd.Rename.Path, "/"):
			continue // within the torrent
		default:
			p.name = cmd.Rename.Name
		}
		places = append(places, p)
	}
	return places
}

// folders returns which folders a command may mean: home does not know the top of
// the download tree, but that the daemon's own folder for downloads is in it.
func folders(dir, home string) []string {
	switch {
	case dir == "" && home != "":
		return []string{home}
	case strings.HasPrefix(dir, "/"):
		return []string{dir}
	case dir == "" || home == "":
		return nil
	}
	var all []string
	for top := path.Clean(home); ; top = path.Dir(top) {
		all = append(all, path.Join(top, dir))
		if top == "/" || top == "." {
			return all
		}
	}
}

// plainName makes one of names that a daemon, or a disk, may take for the same.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`\<>:"|?*`, r) || unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '_'
		}
		return unicode.ToLower(r)
	}, name)
	return strings.Trim(strings.TrimSuffix(strings.Trim(name, " ."), ".part"), " .")
}

func plainPath(p string) string {
	parts := strings.Split(path.Clean("/"+p), "/")
	for i, part := range parts {
		parts[i] = plainName(part)
	}
	return strings.Join(parts, "/")
}

func (t *taken) add(p place) {
	name := plainName(p.name)
	t.names[name] = true
	if p.incomplete {
		t.incomplete[name] = true
	}
	if len(p.dirs) == 0 {
		t.anywhere[name] = true
	}
	for _, dir := range p.dirs {
		at := plainPath(dir + "/" + name)
		t.paths[at] = true
		for up := path.Dir(at); up != "/"; up = path.Dir(up) {
			t.above[up] = true
		}
	}
}

// holds tells whether something of others is where p is, within it, or around it.
func (t *taken) holds(p place) bool {
	name := plainName(p.name)
	if t.anywhere[name] || len(p.dirs) == 0 && t.names[name] || t.apart && p.incomplete && t.incomplete[name] {
		return true
	}
	for _, dir := range p.dirs {
		at := plainPath(dir + "/" + name)
		if t.above[at] {
			return true
		}
		for up := at; up != "/"; up = path.Dir(up) {
			if t.paths[up] {
				return true
			}
		}
	}
	return false
}

// checkNames returns ErrNameTaken for a move or a renaming that would bring
// content to where there is somebody else's. Administrators know what they do.
func (c *Control) checkNames(p account.Principal, orders []*order, lines map[string]line) error {
	for _, o := range orders {
		if p.Role == account.RoleAdmin || o.Do != command.Move && o.Do != command.Rename {
			continue
		}
		l := lines[o.Box]
		theirs := c.takenBy(p.User, o.Box, l, state.Hash{})
		for _, place := range movedTo(o.cmd, l, l.state.Settings().DownloadDir) {
			if theirs.holds(place) {
				return ErrNameTaken
			}
		}
	}
	return nil
}

// checkData returns ErrNameTaken when the data of a torrent lies where there is
// somebody else's, and would be removed with it.
func (c *Control) checkData(u account.User, box string, hashes []state.Hash, l line) error {
	theirs := c.takenBy(u, box, l, state.Hash{})
	for _, h := range hashes {
		if x, ok := l.torrent(h); ok && theirs.holds(placeOf(&x)) {
			return fmt.Errorf("%w; remove the torrent without its data, or ask an administrator", ErrNameTaken)
		}
	}
	return nil
}
