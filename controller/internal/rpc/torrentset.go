package rpc

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"

	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// torrentSet changes torrents (specification, "torrent_set"). "location" is a command
// of its own, and what is about files or trackers is one for each torrent.
func (e *Endpoint) torrentSet(ctx context.Context, who asker, c *call) ([]byte, *problem) {
	if group := c.params.text("group"); group != nil && *group != "" {
		return nil, &problem{codeSystem, "there are no bandwidth groups here"}
	}
	ch, fault := readChanges(c.params)
	if fault != nil {
		return nil, fault
	}
	least := owners.Own
	if onlyFiles(ch) {
		least = owners.Act
	}
	keys, fault := e.targets(ctx, who, c, least)
	if fault != nil || len(keys) == 0 {
		return nil, fault
	}
	if fault := e.readTrackers(who, c.params, keys, ch); fault != nil {
		return nil, fault
	}
	if !empty(ch) {
		if fault := e.change(ctx, who, keys, ch); fault != nil {
			return nil, fault
		}
	}
	dir := c.params.text("location")
	if dir == nil || *dir == "" {
		return nil, nil
	}
	what := command.Command{Kind: command.Move, Move: &command.Moving{Dir: *dir, Find: true}}
	_, fault = e.order(ctx, who, control.Request{Command: what, Torrents: keys})
	return nil, fault
}

// maxOneByOne bounds how many torrents one request changes one after another.
const maxOneByOne = 100

// change makes changes, one torrent after another where a command takes one only.
func (e *Endpoint) change(ctx context.Context, who asker, keys []owners.Key, ch *command.Changes) *problem {
	each := len(ch.Want)+len(ch.Skip)+len(ch.Low)+len(ch.Normal)+len(ch.High) > 0
	if !each || len(keys) == 1 {
		_, fault := e.order(ctx, who, control.Request{Command: command.Command{Kind: command.Change, Change: ch}, Torrents: keys})
		return fault
	}
	if len(keys) > maxOneByOne {
		return &problem{codeInvalidParams, "choose the files of fewer torrents at once"}
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for i := range keys {
		r := control.Request{Command: command.Command{Kind: command.Change, Change: ch}, Torrents: keys[i : i+1]}
		if _, fault := e.order(ctx, who, r); fault != nil {
			return fault
		}
	}
	return nil
}

// readChanges reads all but trackers.
func readChanges(p params) (*command.Changes, *problem) {
	ch := &command.Changes{
		DownLimit: p.scaled("download_limit", kilo), DownLimited: p.bool("download_limited"),
		UpLimit: p.scaled("upload_limit", kilo), UpLimited: p.bool("upload_limited"),
		Priority: priority(p), PeerLimit: p.int32("peer_limit"),
		RatioMode: mode(p, "seed_ratio_mode"), RatioLimit: p.scaled("seed_ratio_limit", 10_000),
		IdleMode: mode(p, "seed_idle_mode"), IdleLimit: p.int32("seed_idle_limit"),
		Sequential: p.bool("sequential_download"), Queue: p.int32("queue_position"),
	}
	if honors := p.bool("honors_session_limits"); honors != nil {
		unbound := !*honors
		ch.Unbound = &unbound
	}
	if labels, ok := texts(p["labels"]); ok {
		ch.Labels = &labels
	}
	return ch, readFiles(p, ch)
}

func priority(p params) *int8 {
	n := p.int("bandwidth_priority")
	if n == nil {
		return nil
	}
	v := int8(min(max(*n, math.MinInt8), math.MaxInt8))
	return &v
}

func mode(p params, name string) *state.LimitMode {
	n := p.int(name)
	if n == nil {
		return nil
	}
	m := state.LimitMode(min(max(*n, 0), math.MaxUint8))
	if *n < 0 {
		m = math.MaxUint8 // no mode at all, which the check of commands refuses
	}
	return &m
}

// readFiles reads the lists of files. An empty one means every file; one that holds
// anything but numbers is refused, lest it mean more than was asked for.
func readFiles(p params, ch *command.Changes) *problem {
	for _, l := range []struct {
		name string
		to   *[]int32
	}{
		{"files_wanted", &ch.Want}, {"files_unwanted", &ch.Skip},
		{"priority_low", &ch.Low}, {"priority_normal", &ch.Normal}, {"priority_high", &ch.High},
	} {
		raw, ok := p[l.name]
		if !ok || string(raw) == "null" {
			continue
		}
		items, ok := list(raw)
		if !ok {
			items = []json.RawMessage{raw}
		}
		if len(items) == 0 {
			*l.to = []int32{command.AllFiles}
		}
		for _, item := range items {
			n, ok := number(item)
			if !ok || n < 0 || n > math.MaxInt32 {
				return &problem{codeFileIndex, "a file is named by its place in the torrent, from 0"}
			}
			*l.to = append(*l.to, int32(n))
		}
	}
	return nil
}

// onlyFiles tells whether changes are of those that somebody may make who may only act
// on a torrent.
func onlyFiles(ch *command.Changes) bool {
	rest := *ch
	rest.Want, rest.Skip, rest.Low, rest.Normal, rest.High = nil, nil, nil, nil, nil
	return empty(&rest) && !empty(ch)
}

func empty(ch *command.Changes) bool { return reflect.ValueOf(*ch).IsZero() }

// readTrackers reads changes of trackers. They are about one torrent, for each has
// numbers of its own for them, and about one whose trackers the asker knows.
func (e *Endpoint) readTrackers(who asker, p params, keys []owners.Key, ch *command.Changes) *problem {
	names := []string{"tracker_list", "tracker_add", "tracker_remove", "tracker_replace"}
	if !slices.ContainsFunc(names, func(n string) bool { return p[n] != nil }) {
		return nil
	}
	if add, ok := texts(p["tracker_add"]); ok && p["tracker_list"] == nil && p["tracker_remove"] == nil && p["tracker_replace"] == nil {
		ch.AddTrackers = add
		return nil
	}
	if len(keys) != 1 {
		return &problem{codeInvalidParams, "change the trackers of one torrent at a time"}
	}
	now, ok := e.trackersOf(who, keys[0])
	if !ok {
		return &problem{codeTrackerList, "the trackers of this torrent are not yours to change"}
	}
	return changeTrackers(p, now, ch)
}

// trackersOf returns the announce URLs of a torrent in the order of the numbers that
// the asker has been told; false when its trackers are not told to them.
func (e *Endpoint) trackersOf(who asker, k owners.Key) (urls []string, ok bool) {
	for _, b := range e.boxesOf(who) {
		if b.Name != k.Box {
			continue
		}
		d := e.details.detail(k.Box, k.Hash)
		b.State.View(func(s state.Reader) {
			x, there := s.Get(k.Hash)
			if !there {
				return
			}
			r := row{t: x.Torrent(), d: d, chosen: e.look(who, k.Box, x.Torrent())}
			if ok = r.secret; ok {
				for _, t := range r.trackers() {
					urls = append(urls, t.Announce)
				}
			}
		})
	}
	return urls, ok
}

// changeTrackers says what is to be done so that the trackers become what was asked for.
func changeTrackers(p params, now []string, ch *command.Changes) *problem {
	bad := &problem{codeTrackerList, "the list of trackers cannot be read"}
	if raw, ok := p["tracker_list"]; ok {
		all, ok := text(raw)
		if !ok {
			return bad
		}
		want := strings.Fields(all)
		ch.AddTrackers = without(want, now)
		ch.RemoveTrackers = without(now, want)
		return nil
	}
	if raw, ok := p["tracker_add"]; ok {
		if ch.AddTrackers, ok = texts(raw); !ok {
			return bad
		}
	}
	if raw, ok := p["tracker_remove"]; ok {
		items, ok := list(raw)
		if !ok {
			return bad
		}
		for _, item := range items {
			url, ok := trackerOf(item, now)
			if !ok {
				return bad
			}
			ch.RemoveTrackers = append(ch.RemoveTrackers, url)
		}
	}
	if raw, ok := p["tracker_replace"]; ok {
		items, ok := list(raw)
		if !ok || len(items)%2 != 0 {
			return bad
		}
		for pair := range slices.Chunk(items, 2) {
			old, known := trackerOf(pair[0], now)
			url, ok := text(pair[1])
			if !known || !ok {
				return bad
			}
			ch.ReplaceTrackers = append(ch.ReplaceTrackers, command.TrackerReplacement{Old: old, New: url})
		}
	}
	return nil
}

// trackerOf returns the announce URL of a tracker by its number or by itself.
func trackerOf(raw json.RawMessage, now []string) (string, bool) {
	if url, ok := text(raw); ok {
		return url, slices.Contains(now, url)
	}
	n, ok := number(raw)
	if !ok || n < 0 || n >= int64(len(now)) {
		return "", false
	}
	return now[n], true
}

// without returns those of all that are not in others, each once.
func without(all, others []string) []string {
	var rest []string
	for _, s := range all {
		if !slices.Contains(others, s) && !slices.Contains(rest, s) {
			rest = append(rest, s)
		}
	}
	return rest
}
