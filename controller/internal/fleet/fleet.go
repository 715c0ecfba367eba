// Package fleet owns the boxes: it reads one pairing file for each, keeps a line
// up to each, and keeps home's copy of each box's state current. A box that
// cannot be reached, or whose pairing file is no good, says so and leaves the
// others alone.
package fleet

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"offing/tunnel"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// Box is a box at one moment.
type Box struct {
	Name  string
	State *state.State // home's copy; another one once the box was paired anew
	Line  report.Line
	// NoCommands is why no commands can travel though the line is up, for a person;
	// empty when they can.
	NoCommands string
}

// Unheard returns a *command.Fault while it is not known what a box has, for it has
// told nothing since the controller was started, or since it was paired anew; then nil.
// s is home's copy of it.
func Unheard(box string, s *state.State) error {
	if !s.Fresh().IsZero() {
		return nil
	}
	return &command.Fault{Code: command.DaemonAway, Text: "nothing has been heard from " + box +
		" since the controller was started, so it is not known which torrents it has; see whether its line is up, and try again"}
}

// Fleet keeps the boxes of one folder. It is safe for concurrent use.
type Fleet struct {
	dir     string
	dialer  tunnel.Dialer
	log     *slog.Logger
	changed signal
	nudge   chan struct{} // has room for one: the interest may have changed

	reloading sync.Mutex // held by Reload, so that what was read first is not applied last

	mu      sync.Mutex
	ctx     context.Context // of Run; nil before
	ended   bool            // Run waits for the keepers: none may start
	wg      sync.WaitGroup  // a keeper's run each
	keepers map[string]*keeper
	wishes  map[string]*wish           // by the name of the box
	outbox  map[string]*command.Outbox // the same, of the boxes that there are
}

// New reads the pairing files in dir, which is made when it is not there. Run
// then builds the lines through dialer.
func New(dir string, dialer tunnel.Dialer, log *slog.Logger) (*Fleet, error) {
	f := &Fleet{
		dir: dir, dialer: dialer, log: log,
		keepers: make(map[string]*keeper), wishes: make(map[string]*wish), nudge: make(chan struct{}, 1),
		outbox: make(map[string]*command.Outbox),
	}
	return f, f.Reload()
}

// Run keeps the lines up until ctx ends, and returns when all are down.
func (f *Fleet) Run(ctx context.Context) {
	f.mu.Lock()
	f.ctx = ctx
	for _, k := range f.keepers {
		f.startLocked(k)
	}
	f.mu.Unlock()
	f.followInterest(ctx)
	f.mu.Lock()
	f.ended = true
	f.mu.Unlock()
	f.wg.Wait()
}

// Reload reads the folder again. Boxes whose files have not changed keep their
// lines. The error is of the folder; what is wrong with a file is said by its box.
func (f *Fleet) Reload() error {
	f.reloading.Lock()
	defer f.reloading.Unlock()
	files, err := readDir(f.dir, f.log)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return errors.New("the controller is stopping")
	}
	for name, k := range f.keepers {
		if file, ok := files[name]; !ok || file != k.file {
			k.stop()
			delete(f.keepers, name)
			if !ok {
				delete(f.outbox, name)
			}
		}
	}
	for name, file := range files {
		if f.keepers[name] == nil {
			f.addLocked(name, file)
		}
	}
	f.changed.raise()
	return nil
}

func (f *Fleet) addLocked(name string, file pairingFile) {
	log := f.log.With("box", name)
	if f.outbox[name] == nil {
		f.outbox[name] = command.NewOutbox(log)
	}
	k := newKeeper(name, file, f.outbox[name], f.changed.raise, log)
	if w := f.wishes[name]; w != nil {
		k.follower.SetInterest(w.level, w.told...)
	}
	f.keepers[name] = k
	if f.ctx != nil {
		f.startLocked(k)
	}
}

// startLocked lets k run until it is stopped or Run's context ends.
func (f *Fleet) startLocked(k *keeper) {
	ctx, stop := context.WithCancel(f.ctx)
	k.stop = stop
	f.wg.Go(func() { k.run(ctx, f.dialer) })
	f.wg.Go(func() { k.relayDetails(ctx, func() { f.tellDetails(k) }) })
}

// Boxes returns all boxes in the order of their names.
func (f *Fleet) Boxes() []Box {
	f.mu.Lock()
	boxes := make([]Box, 0, len(f.keepers))
	for _, k := range f.keepers {
		boxes = append(boxes, k.box())
	}
	f.mu.Unlock()
	slices.SortFunc(boxes, func(a, b Box) int { return strings.Compare(a.Name, b.Name) })
	return boxes
}

// Changed returns a channel that is closed when anything about any box changes,
// the age of its data included. Take the channel first and call Boxes after.
func (f *Fleet) Changed() <-chan struct{} { return f.changed.wait() }

// Outbox returns where commands for the box of that name go; false when there is no
// such box. It is the same as long as the box is paired, though it were paired anew.
func (f *Fleet) Outbox(box string) (*command.Outbox, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, ok := f.outbox[box]
	return o, ok
}
