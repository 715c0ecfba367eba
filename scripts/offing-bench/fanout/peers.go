package fanout

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Peer is a server and what to call it.
type Peer struct {
	Name     string
	protocol Protocol
	program  string
	args     []string
}

// The peers. Ours takes a ticket for each connection from the real store, and
// checks it.
var (
	Naive           = Peer{"contrib/websocket, naive", Plain, "peers", []string{"-peer", "naive"}}
	GWS             = Peer{"gws, tuned", Plain, "peers", []string{"-peer", "gws"}}
	Coder           = Peer{"coder/websocket", Plain, "peers", []string{"-peer", "coder"}}
	Central         = Peer{"centrifuge, tuned", Centrifuge, "peers", []string{"-peer", "centrifuge"}}
	CentralDelaying = Peer{"centrifuge, tuned, with write delay", Centrifuge, "peers", []string{"-peer", "centrifuge-delay"}}
	Ours            = Peer{"ours", Offing, "ours", nil}
)

// Everybody is all of them.
func Everybody() []Peer { return []Peer{Naive, Coder, GWS, Central, CentralDelaying, Ours} }

// People is ours with a box of so many torrents, which persons have in turn.
func People(users, torrents int) Peer {
	return Peer{"ours", Offing, "ours", []string{"-users", fmt.Sprint(users), "-torrents", fmt.Sprint(torrents)}}
}

// Lab has the programs, and room for what they write.
type Lab struct{ dir string }

// sources are the folders of the programs: of the module, and in it.
var sources = map[string][2]string{
	"client": {".", "./scripts/offing-bench/fanout/client"},
	"ours":   {".", "./controller/internal/fanout/cmd"},
	"peers":  {"scripts/offing-bench/fanout/peers", "."},
}

// Open builds the client and what the peers need, from the root of the
// repository. Close must be called.
func Open(ctx context.Context, peers ...Peer) (*Lab, error) {
	dir, err := os.MkdirTemp("", "offing-fanout-")
	if err != nil {
		return nil, err
	}
	l := &Lab{dir}
	programs := []string{"client"}
	for _, p := range peers {
		programs = append(programs, p.program)
	}
	slices.Sort(programs)
	for _, name := range slices.Compact(programs) {
		source := sources[name]
		cmd := exec.CommandContext(ctx, "go", "build", "-C", source[0], "-o", filepath.Join(dir, name), source[1])
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			l.Close()
			return nil, fmt.Errorf("build %s: %w", name, err)
		}
	}
	return l, nil
}

// Close removes the programs and what they have left.
func (l *Lab) Close() { _ = os.RemoveAll(l.dir) }
