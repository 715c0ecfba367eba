package view

import (
	"encoding/base64"
	"slices"
	"strconv"
	"time"

	"offing/controller/client"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// detailWriter writes the members of a torrent's topic into parts. Its zero value
// is ready.
type detailWriter struct {
	parts [][]byte
	part  []byte
	delay time.Duration // that the most urgent member allows
}

// wholeDetail returns all of a detail.
func wholeDetail(d *told, g owners.Grant) [][]byte {
	var w detailWriter
	w.age(d)
	w.info(&d.Detail, g)
	w.trackers(d.Trackers, Reads(g))
	w.pieces(&d.Pieces)
	w.list("peers", len(d.Peers), func(b []byte, i int) []byte { return appendPeer(b, &d.Peers[i]) })
	w.list("files", len(d.Files), func(b []byte, i int) []byte { return appendFile(b, i, &d.Files[i]) })
	return w.finish()
}

// difference writes what is different but the pieces. What somebody has chosen,
// or might want to act upon, is told at once.
func (w *detailWriter) difference(before, now *told, g owners.Grant) {
	if infoOf(&before.Detail, g) != infoOf(&now.Detail, g) {
		w.info(&now.Detail, g)
		w.hurry(detailPace)
	}
	if !slices.Equal(before.Trackers, now.Trackers) {
		w.trackers(now.Trackers, Reads(g))
		w.hurry(0)
	}
	w.peers(before.Peers, now.Peers)
	var changed []int
	for i := range now.Files {
		was, is := before.Files[i], now.Files[i]
		if was == is {
			continue
		}
		changed = append(changed, i)
		if was.Wanted != is.Wanted || was.Priority != is.Priority {
			w.hurry(0)
		}
	}
	if len(changed) > 0 {
		w.list("files", len(changed), func(b []byte, i int) []byte { return appendFile(b, changed[i], &now.Files[changed[i]]) })
		w.hurry(detailPace)
	}
}

// peers writes those that have come, changed or gone.
func (w *detailWriter) peers(before, now []state.Peer) {
	was := make(map[string]state.Peer, len(before))
	for _, p := range before {
		was[p.Address] = p
	}
	var changed []state.Peer
	for _, p := range now {
		if old, ok := was[p.Address]; !ok || old != p {
			changed = append(changed, p)
		}
	}
	for _, p := range now {
		delete(was, p.Address)
	}
	if len(changed) > 0 {
		w.list("peers", len(changed), func(b []byte, i int) []byte { return appendPeer(b, &changed[i]) })
		w.hurry(detailPace)
	}
	if len(was) > 0 {
		gone := make([]string, 0, len(was))
		for address := range was {
			gone = append(gone, address)
		}
		slices.Sort(gone)
		w.part = appendStrings(w.member("peers_gone"), gone)
		w.hurry(detailPace)
	}
}

// hurry has the update go out after d at the latest.
func (w *detailWriter) hurry(d time.Duration) { w.delay = min(w.delay, d) }

func (w *detailWriter) age(d *told) {
	w.part = strconv.AppendInt(w.member("age_ms"), max(time.Since(d.at).Milliseconds(), 0), 10)
}

func (w *detailWriter) info(d *state.Detail, g owners.Grant) {
	w.part = append(w.member("info"), encode(infoOf(d, g))...)
}

// infoOf returns the info of a detail. A private tracker's comment may be an
// address that only its member should have, and the names of folders tell how the
// owner keeps their things.
func infoOf(d *state.Detail, g owners.Grant) client.Info {
	dir, access := d.Dir, Reads(g)
	if g.Access < owners.Own {
		dir = ""
	}
	return client.Info{
		Comment: textFor(d.Comment, access), Creator: textFor(d.Creator, access), Created: d.Created, Dir: dir, Private: d.Private,
		Have: d.Have, Unchecked: d.Unchecked, Wasted: d.Wasted, Seeding: d.Seeding, Downloading: d.Downloading, Active: d.Active,
	}
}

// trackers writes the trackers. A private tracker's URL holds its member's secret,
// and its answer may repeat it: who does not own the torrent is told the host only.
func (w *detailWriter) trackers(all []state.Tracker, access owners.Access) {
	rows := make([]client.Tracker, 0, len(all))
	for _, t := range all {
		if access < owners.Own {
			t.Announce = withoutSecrets(t.Announce)
		}
		t.Result = textFor(t.Result, access)
		rows = append(rows, client.Tracker{
			Announce: t.Announce, Tier: t.Tier, State: t.State.String(), Failed: t.Failed, Result: t.Result,
			Seeders: t.Seeders, Leechers: t.Leechers, Next: t.Next,
		})
	}
	w.part = append(w.member("trackers"), encode(rows)...)
}

func (w *detailWriter) pieces(p *state.Pieces) {
	b := strconv.AppendInt(append(w.member("pieces"), `{"count":`...), int64(p.Count), 10)
	b = strconv.AppendInt(append(b, `,"size":`...), p.Size, 10)
	b = append(b, `,"have":"`...)
	b = base64.StdEncoding.AppendEncode(b, p.Have)
	w.part = append(b, '"', '}')
}

// member begins a member, in a new part if the one at hand is full.
func (w *detailWriter) member(name string) []byte {
	if len(w.part) >= partSize {
		w.flush()
	}
	b := append(separated(w.part), '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// list writes a member with n elements. It may be spread over several parts.
func (w *detailWriter) list(name string, n int, appendOne func(b []byte, i int) []byte) {
	w.part = append(w.member(name), '[')
	for i := range n {
		w.part = appendOne(w.part, i)
		if i == n-1 {
			break
		}
		if len(w.part) < partSize {
			w.part = append(w.part, ',')
			continue
		}
		w.part = append(w.part, ']')
		w.part = append(w.member(name), '[')
	}
	w.part = append(w.part, ']')
}

func (w *detailWriter) flush() {
	w.parts = append(w.parts, w.part)
	w.part = nil
}

func (w *detailWriter) finish() [][]byte {
	w.flush()
	return w.parts
}

func appendFile(b []byte, i int, f *state.File) []byte {
	b = strconv.AppendInt(append(b, `{"i":`...), int64(i), 10)
	b = appendString(append(b, `,"name":`...), f.Name)
	b = strconv.AppendInt(append(b, `,"size":`...), f.Size, 10)
	b = strconv.AppendInt(append(b, `,"have":`...), f.Have, 10)
	b = strconv.AppendBool(append(b, `,"wanted":`...), f.Wanted)
	b = strconv.AppendInt(append(b, `,"priority":`...), int64(f.Priority), 10)
	return append(b, '}')
}

func appendPeer(b []byte, p *state.Peer) []byte {
	b = appendString(append(b, `{"addr":`...), p.Address)
	b = appendString(append(b, `,"client":`...), p.Client)
	b = strconv.AppendInt(append(b, `,"progress":`...), int64(p.Progress), 10)
	b = strconv.AppendInt(append(b, `,"down":`...), p.RateDown, 10)
	b = strconv.AppendInt(append(b, `,"up":`...), p.RateUp, 10)
	b = appendString(append(b, `,"flags":`...), p.Flags)
	b = strconv.AppendBool(append(b, `,"incoming":`...), p.Incoming)
	b = strconv.AppendBool(append(b, `,"encrypted":`...), p.Encrypted)
	b = strconv.AppendBool(append(b, `,"utp":`...), p.UTP)
	return append(b, '}')
}
