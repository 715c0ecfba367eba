package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"offing/tunnel/state"
	"offing/tunnel/wire/internal/entropy"
)

// The examples of docs/PROTOCOL.md are fenced blocks whose first word says what
// they are:
//
//	frame STREAM   one frame in hexadecimal digits, and what it says as JSON; a
//	               stream is the blocks of one name, in their order
//	coded          lines of values, and "= CODE" behind each sequence of them
//	checksum       lines of "JSON = SUM"
//	sizes          lines of "CELLS BYTES"
//	logistic       the points of the logistic function
const (
	protocolPage    = "../../docs/PROTOCOL.md"
	protocolDecoder = "../../docs/protocol/decode.py"
)

var protocolTypes = append(slices.Clone(allTypes), TypeDetail)

// example is a fenced block.
type example struct {
	name  string // the second word behind the fence
	lines []string
}

// examples returns the blocks of one kind, of which there must be some.
func examples(t *testing.T, kind string) (found []example) {
	t.Helper()
	page, err := os.ReadFile(protocolPage)
	if err != nil {
		t.Fatal(err)
	}
	var open *example
	mine := false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			words := append(strings.Fields(info), "", "")
			open, mine = &example{name: words[1]}, words[0] == kind
		case fence:
			if mine {
				found = append(found, *open)
			}
			open = nil
		case open != nil && line != "":
			open.lines = append(open.lines, line)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no example of a %s", protocolPage, kind)
	}
	return found
}

// fieldNames are those of the page, by the numbers of the fields.
var fieldNames = [state.FieldCount]string{
	"name", "status", "error", "size", "left", "metadata", "checked", "rate_down", "rate_up", "downloaded", "uploaded",
	"peers", "peers_sending", "peers_getting", "web_seeds", "added", "done", "queue", "labels",
	"dir", "total", "files", "private", "finished", "active", "seeded", "options", "trackers",
}

// optionNames and settingNames are those of the page, in the order of Numbers.
var (
	optionNames = [state.OptionsNumbers]string{
		"down_limit", "down_limited", "up_limit", "up_limited", "unbound", "priority", "peer_limit", "ratio_mode", "ratio_limit",
		"idle_mode", "idle_limit", "sequential",
	}
	settingNames = [state.SettingsNumbers]string{
		"down_limit", "up_limit", "alt_down", "alt_up", "ratio_limit", "alt_begin", "alt_end", "idle_limit", "down_queue",
		"seed_queue", "stalled_minutes", "peer_limit", "torrent_peer_limit", "peer_port", "cache_mb", "blocklist_size", "alt_days",
		"down_limited", "up_limited", "alt_scheduled", "ratio_limited", "idle_limited", "down_queue_enabled", "seed_queue_enabled",
		"stalled_enabled", "random_port", "port_forwarding", "dht", "pex", "lpd", "utp", "use_incomplete", "start_added",
		"rename_partial", "delete_torrents", "blocklist_enabled",
	}
	settingTexts = [state.SettingsTexts]string{"encryption", "download_dir", "incomplete_dir", "blocklist_url"}
)

// firstTruth is the number of the first of settingNames that is a truth.
const firstTruth = 17

type object = map[string]any

// describe returns what the page and its decoder write for a frame.
func describe(f Frame) object {
	switch f := f.(type) {
	case *Hello:
		return object{"type": "hello", "version": f.Version, "epoch": f.Epoch, "seq": f.Seq}
	case *Welcome:
		return object{"type": "welcome", "version": f.Version, "epoch": f.Epoch, "cover": f.Cover}
	case *Refuse:
		return object{"type": "refuse", "version": f.Version, "code": f.Code, "text": f.Text}
	case *Ack:
		return object{"type": "ack", "frames": f.Frames}
	case *Interest:
		open := []string{}
		for _, h := range f.Open {
			open = append(open, hex.EncodeToString(h))
		}
		return object{"type": "interest", "level": f.Level, "open": open}
	case *Check:
		return object{"type": "check", "seq": f.Seq, "sum": f.Sum}
	case *Resync:
		return object{"type": "resync"}
	case *Delta:
		return describeDelta(f)
	case *Detail:
		return describeDetail(f)
	}
	return nil
}

func describeDetail(f *Detail) object {
	o := object{"type": "detail", "hash": f.Detail.Hash.String(), "age": f.Age.Milliseconds(), "gone": f.Gone}
	if f.Gone {
		return o
	}
	if o["whole"] = f.Whole; !f.Whole {
		return o
	}
	d := &f.Detail
	files, peers, trackers := []object{}, []object{}, []object{}
	for _, f := range d.Files {
		files = append(files, object{"name": f.Name, "size": f.Size, "have": f.Have, "wanted": f.Wanted, "priority": f.Priority})
	}
	for _, p := range d.Peers {
		peers = append(peers, object{
			"address": p.Address, "client": p.Client, "flags": p.Flags, "progress": p.Progress, "rate_down": p.RateDown, "rate_up": p.RateUp,
			"incoming": p.Incoming, "encrypted": p.Encrypted, "utp": p.UTP,
		})
	}
	for _, t := range d.Trackers {
		trackers = append(trackers, object{
			"announce": t.Announce, "result": t.Result, "tier": t.Tier, "state": t.State, "failed": t.Failed, "seeders": t.Seeders,
			"leechers": t.Leechers, "next": t.Next,
		})
	}
	maps.Copy(o, object{
		"files": files, "peers": peers, "trackers": trackers,
		"pieces":  object{"count": d.Pieces.Count, "size": d.Pieces.Size, "have": hex.EncodeToString(d.Pieces.Have)},
		"comment": d.Comment, "creator": d.Creator, "dir": d.Dir, "private": d.Private, "created": d.Created, "have": d.Have,
		"unchecked": d.Unchecked, "wasted": d.Wasted, "seeding": d.Seeding, "downloading": d.Downloading, "active": d.Active,
	})
	return o
}

func describeDelta(d *Delta) object {
	changes, removed := []object{}, []string{}
	for i := range d.Changes {
		changes = append(changes, describeChange(&d.Changes[i]))
	}
	for _, h := range d.Removed {
		removed = append(removed, h.String())
	}
	o := object{"type": "delta", "live": d.Live, "changes": changes, "removed": removed}
	if d.Snapshot {
		o["type"] = "snapshot"
	}
	if d.Known {
		o["age"], o["sample"] = d.Age.Milliseconds(), (d.Elapsed - d.Age).Milliseconds()
	}
	if d.Whole {
		o["seq"] = d.Seq
	}
	if s := d.Session; s != nil {
		o["session"] = object{
			"daemon": s.Daemon, "daemon_text": s.DaemonText, "version": s.Version, "rpc_version": s.RPCVersion, "alt_speed": s.AltSpeed,
		}
	}
	if h := d.Host; h != nil {
		o["host"] = object{
			"disk_total": h.DiskTotal, "disk_free": h.DiskFree, "mem_total": h.MemTotal, "mem_used": h.MemUsed, "cpu": h.CPU,
			"net_down": h.NetDown, "net_up": h.NetUp, "uptime": h.Uptime,
		}
	}
	if d.Settings != nil {
		o["settings"] = describeSettings(*d.Settings)
	}
	return o
}

func describeSettings(v state.Settings) object {
	o := object{}
	for i, n := range v.Numbers() {
		if o[settingNames[i]] = n; i >= firstTruth {
			o[settingNames[i]] = n == 1
		}
	}
	texts, _ := v.Texts()
	for i, text := range texts {
		o[settingTexts[i]] = *text
	}
	return o
}

func describeChange(c *state.Change) object {
	t := &c.Torrent
	o := object{"hash": t.Hash.String()}
	for i, n := range numbers(t) {
		if c.Fields>>i&1 != 0 && unnumbered>>i&1 == 0 {
			o[fieldNames[i]] = n
		}
	}
	if c.Fields.Has(state.FieldName) {
		o["name"] = t.Name
	}
	if c.Fields.Has(state.FieldError) {
		o["error_text"] = t.ErrorText
	}
	if c.Fields.Has(state.FieldLabels) {
		o["labels"] = append([]string{}, t.Labels...)
	}
	if c.Fields.Has(state.FieldDir) {
		o["dir"] = t.Dir
	}
	if c.Fields.Has(state.FieldOptions) {
		options := object{}
		for i, n := range t.Options.Numbers() {
			options[optionNames[i]] = n
		}
		o["options"] = options
	}
	if c.Fields.Has(state.FieldTrackers) {
		o["trackers"] = append([]string{}, t.Trackers...)
	}
	return o
}

// parse reads JSON, with numbers as they are written.
func parse(t *testing.T, text string) (o object) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return o
}

// written returns what o is after having been JSON.
func written(t *testing.T, o object) object {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

// padding stands for a Pad frame with a body of so many bytes.
type padding int

// conversation makes the frames of the page's example, by stream.
func conversation(t *testing.T) map[string][]any {
	t.Helper()
	began := time.Unix(1_800_000_000, 0)
	s, enc := state.New(0x1122334455667788), NewEncoder(0)
	var box []any
	send := func(after time.Duration, p Policy) {
		p.Welcome, p.Now, p.Known = began, began.Add(after), true
		s.View(func(r state.Reader) {
			n := enc.Encode(nil, r, &p)
			box = append(box, &n)
			if n.Whole {
				box = append(box, &Check{Seq: r.Version().Seq, Sum: enc.Sum(r)})
			}
		})
	}
	change := func(after time.Duration, f func(*state.Tx)) {
		_ = s.Update(func(tx *state.Tx) error { f(tx); return nil })
		s.Touch(began.Add(after))
	}
	a := state.Torrent{
		Hash: state.Hash{0xa1}, Name: "debian-13.2.0-amd64-netinst.iso", Status: state.Downloading, Size: 800 << 20, Left: 600 << 20,
		Metadata: state.Whole, RateDown: 3_000_000, RateUp: 40_000, Downloaded: 200<<20 + 7, Uploaded: 9_999_999, Peers: 30,
		PeersSending: 12, PeersGetting: 2, Added: 1_799_999_000, Queue: 1, Labels: []string{"linux"},
		Dir: "/srv/torrents", Total: 800 << 20, Files: 2, Active: 1_799_999_940, Options: state.Options{PeerLimit: 50, DownLimit: 100_000, UpLimit: 100_000},
		Trackers: []string{"https://tracker.example/announce"},
	}
	b := state.Torrent{
		Hash: state.Hash{0xb2}, Name: "debian-12.9.0-amd64-netinst.iso", Error: state.TrackerError, ErrorText: "tracker: timed out",
		Size: 632 << 20, Metadata: state.Whole, Downloaded: 632 << 20, Added: 1_799_990_000, Done: 1_799_990_600, Labels: []string{"linux", "€"},
		Dir: a.Dir, Total: 640 << 20, Files: 1, Private: true, Finished: true, Active: 1_799_992_020, Seeded: 1380, Options: a.Options,
		Trackers: []string{"https://tracker.example/announce", "udp://tracker.example:6969"},
	}
	b.Options.RatioMode, b.Options.RatioLimit = state.LimitOwn, 20_000
	box = append(box, &Welcome{Version: Version, Epoch: s.Version().Epoch})
	change(-200*time.Millisecond, func(tx *state.Tx) {
		tx.SetSession(state.Session{Daemon: state.DaemonOK, Version: "4.1.0 (a1b2c3d4e5)", RPCVersion: 18})
		tx.SetHost(state.Host{DiskTotal: 1 << 40, DiskFree: 1 << 39, MemTotal: 1 << 30, MemUsed: 1 << 28, CPU: 250, NetDown: 3_100_000, NetUp: 50_000, Uptime: 86400})
		tx.SetSettings(state.Settings{
			DownLimit: 100_000, UpLimit: 50_000, UpLimited: true, AltBegin: 540, AltEnd: 1020, AltDays: 127, PeerLimit: 200, TorrentPeerLimit: 50,
			PeerPort: 51413, Encryption: "preferred", DHT: true, PEX: true, DownloadDir: "/srv/torrents", StartAdded: true, CacheMB: 4,
		})
		tx.Put(&b)
		tx.Put(&a)
	})
	send(30*time.Millisecond, Policy{Limit: 1})       // a snapshot in two parts
	send(31*time.Millisecond, Policy{Limit: 1 << 14}) // the rest of it
	box = append(box, padding(3))
	c := state.Torrent{Hash: state.Hash{0xc3}, Name: "debian-13.2.0-arm64-netinst.iso", Metadata: 0, Added: 1_800_000_000, Queue: 2, Labels: b.Labels, Dir: "/srv/torrents", Options: a.Options, Trackers: a.Trackers}
	change(500*time.Millisecond, func(tx *state.Tx) {
		a.RateDown, a.Downloaded, a.Left = 3_020_000, a.Downloaded+2_000_000, a.Left-1_998_848
		tx.Put(&a)
		tx.Put(&c)
		tx.Remove(b.Hash)
		tx.SetSettings(state.Settings{PeerPort: 6881, Encryption: "required", DownloadDir: "/srv/torrents"})
	})
	send(520*time.Millisecond, Policy{Limit: 1 << 14, Live: true})
	change(1100*time.Millisecond, func(tx *state.Tx) {
		a.RateDown, a.RateUp, a.Downloaded, a.Left, a.Status, a.Done = 0, 41_000, a.Downloaded+a.Left, 0, state.Seeding, 1_800_000_001
		a.Active, a.Seeded = 1_800_000_000, 1_799_999_980
		tx.Put(&a)
	})
	send(1130*time.Millisecond, Policy{Limit: 1 << 14})
	details := NewDetailEncoder()
	detail := state.Detail{
		Hash: a.Hash, Dir: "/srv/torrents", Creator: "mktorrent 1.1", Created: 1_799_000_000, Have: a.Size, Downloading: 400, Active: 1_800_000_001,
		Files: []state.File{{Name: a.Name, Size: a.Size - 900, Have: a.Size - 900, Wanted: true, Priority: 1}, {Name: "SHA512SUMS", Size: 900, Wanted: true}},
		Peers: []state.Peer{{Address: "192.0.2.7:51413", Client: "Transmission 4.0.6", Progress: 4200, RateUp: 41_000, Flags: "TUEI", Incoming: true, UTP: true}},
		Trackers: []state.Tracker{{
			Announce: "https://tracker.example/announce", State: state.TrackerWaiting, Result: "Success", Seeders: 310, Leechers: -1, Next: 1_800_001_800,
		}},
		Pieces: state.Pieces{Count: 13, Size: 64 << 20, Have: []byte{0xff, 0x78}},
	}
	for range 2 {
		n := details.Encode(nil, 0, &detail, false, 40*time.Millisecond, 1<<14)
		box = append(box, &n)
		detail.Peers[0].Progress, detail.Pieces.Have, detail.Active = 4300, []byte{0xff, 0xf8}, detail.Active+1
	}
	return map[string][]any{
		"home": {
			&Hello{Version: Version}, &Interest{Level: 1}, &Ack{2}, &Interest{Level: 1, Open: [][]byte{a.Hash[:]}}, &Ack{6}, &Interest{}, &Resync{},
		},
		"box":   box,
		"again": {&Hello{Version: Version, Epoch: s.Version().Epoch, Seq: s.Version().Seq}},
		"later": {&Refuse{Version: 4, Code: RefuseVersion, Text: "update the controller"}},
	}
}

// bytesOf returns each frame of a stream.
func bytesOf(t *testing.T, frames []any) (out [][]byte) {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		switch f := f.(type) {
		case *News:
			_, err = w.WriteNews(f)
		case padding:
			_, err = w.write(TypePad, make([]byte, f))
		case Frame:
			_, err = w.Write(f)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		out = append(out, bytes.Clone(b.Bytes()))
		b.Reset()
	}
	return out
}

// TestProtocolConversation: our encoder makes the frames of the page, and our
// decoder and the page's own find in them what the page says.
func TestProtocolConversation(t *testing.T) {
	blocks := map[string][]example{}
	for _, e := range examples(t, "frame") {
		blocks[e.name] = append(blocks[e.name], e)
	}
	streams := conversation(t)
	for name := range blocks {
		if streams[name] == nil {
			t.Errorf("the page has a stream %q", name)
		}
	}
	for name, frames := range streams {
		want := bytesOf(t, frames)
		if len(blocks[name]) != len(want) {
			t.Errorf("stream %s: the page has %d frames of %d", name, len(blocks[name]), len(want))
		}
		var stream []byte
		var says []object
		for i, e := range blocks[name] {
			code, text := parts(t, e)
			if i < len(want) && !bytes.Equal(code, want[i]) {
				t.Errorf("stream %s: frame %d is on the page\n%x and made\n%x", name, i, code, want[i])
			}
			stream = append(stream, code...)
			if o := parse(t, text); o["type"] != "pad" {
				says = append(says, o)
			}
		}
		got, err := decode(t, bytes.NewReader(stream), protocolTypes...)
		if err != io.EOF {
			t.Errorf("stream %s: %v after %d frames", name, err, len(got))
		}
		foreign := pageDecoder(t, stream)
		if len(got) != len(says) || len(foreign) != len(says) {
			t.Fatalf("stream %s: the page has %d frames, we read %d, its decoder %d", name, len(says), len(got), len(foreign))
		}
		for i, o := range says {
			if !reflect.DeepEqual(foreign[i], o) {
				t.Errorf("stream %s: frame %d is on the page\n%v and its decoder reads\n%v", name, i, o, foreign[i])
			}
			if o["agrees"] == false {
				t.Errorf("stream %s: frame %d is a checksum of something else", name, i)
			}
			delete(o, "agrees")
			if ours := written(t, describe(got[i])); !reflect.DeepEqual(ours, o) {
				text, _ := json.Marshal(describe(got[i]))
				t.Errorf("stream %s: frame %d is on the page\n%v and we read\n%s", name, i, o, text)
			}
		}
	}
}

// parts splits a frame's example into its bytes and what they say.
func parts(t *testing.T, e example) (code []byte, text string) {
	t.Helper()
	all := strings.Join(e.lines, "")
	at := strings.IndexByte(all, '{')
	if at < 0 {
		t.Fatalf("no JSON in %s", all)
	}
	code, err := hex.DecodeString(strings.ReplaceAll(all[:at], " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return code, all[at:]
}

// pageDecoder runs the decoder that was written from the page.
func pageDecoder(t *testing.T, stream []byte) (frames []object) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "python3", "-B", protocolDecoder)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stream), &stderr
	cmd.Env = append(os.Environ(), "PYTHONUTF8=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", protocolDecoder, err, stderr.String())
	}
	for line := range strings.Lines(string(out)) {
		frames = append(frames, parse(t, line))
	}
	return frames
}

// TestProtocolDecoder: the decoder that was written from the page finds in what a
// random history makes of a box what our own decoder finds, and in the end the
// values that the box has; after a break too.
func TestProtocolDecoder(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 11))
		w := &world{r: r, s: state.New(1), pool: []int{3, 12, 40}[seed]}
		home, copied := state.New(2), map[string]object{}
		first := foreignHistory(t, w, home, 0, copied)
		foreignHistory(t, w, home, first, copied)
	}
}

// foreignHistory plays one connection that begins at the sequence base, and
// returns the one that it ends with. Copied is what the page's decoder had and has.
func foreignHistory(t *testing.T, w *world, home *state.State, base uint64, copied map[string]object) uint64 {
	t.Helper()
	e := newEnds(t, w.s, home, base)
	var frames []any
	for n := range 25 {
		w.step(t)
		e.now = e.now.Add(time.Duration(w.r.IntN(3000)) * time.Millisecond)
		if w.r.IntN(4) > 0 {
			w.s.Touch(e.now)
		}
		e.policy.Limit, e.policy.Live, e.policy.Now = 1<<w.r.IntN(14), w.r.IntN(3) > 0 && n < 20, e.now
		if n > 20 {
			e.policy.Limit = 1 << 18
		}
		frames = append(frames, e.record()...)
	}
	for i, frame := range bothRead(t, frames) {
		if frame["type"] == "check" && base == 0 && frame["agrees"] != true {
			t.Errorf("frame %d: the copy does not agree with the checksum", i)
		}
		follow(copied, frame)
	}
	want := map[string]object{}
	w.s.Each(func(torrent *state.Torrent) bool {
		want[torrent.Hash.String()] = written(t, describeChange(&state.Change{Fields: state.AllFields, Torrent: *torrent}))
		return true
	})
	if !reflect.DeepEqual(copied, want) {
		for h := range want {
			if !reflect.DeepEqual(copied[h], want[h]) {
				t.Errorf("torrent\n%v has become\n%v", want[h], copied[h])
			}
		}
		t.Fatalf("%d torrents have become %d", len(want), len(copied))
	}
	return e.enc.done
}

// TestProtocolDetails is TestProtocolDecoder for the details of open torrents.
func TestProtocolDetails(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 12))
	enc := NewDetailEncoder()
	var frames []any
	var details [3]state.Detail
	for step := range 18 {
		slot := r.IntN(len(details))
		d := &details[slot]
		if r.IntN(10) == 0 || d.Hash == (state.Hash{}) {
			*d = state.Detail{Hash: state.Hash{byte(slot), byte(step), 1}}
			enc.Forget(slot)
		}
		*d = randomDetail(r, *d)
		enc.Again(slot)
		gone := r.IntN(15) == 0
		for more := true; more && r.IntN(15) > 0; {
			n := enc.Encode(nil, slot, d, gone, time.Second, 1<<r.IntN(13))
			frames, more = append(frames, &n), n.More
		}
	}
	bothRead(t, frames)
}

// TestProtocolQuiet is TestProtocolDecoder for a long time in which one torrent
// moves as ever, so that the models become as sure as they can.
func TestProtocolQuiet(t *testing.T) {
	s := state.New(1)
	e := newEnds(t, s, state.New(2), 0)
	one := state.Torrent{Hash: state.Hash{1}, Status: state.Seeding, Size: 1 << 30, RateUp: 100_000}
	var frames []any
	for range 1500 {
		e.now = e.now.Add(500 * time.Millisecond)
		one.Uploaded += 50_000
		_ = s.Update(func(tx *state.Tx) error { tx.Put(&one); return nil })
		s.Touch(e.now)
		e.policy.Now = e.now
		frames = append(frames, e.record()[0])
	}
	bothRead(t, frames)
}

// bothRead has our decoder and the page's read frames, and returns what the
// page's has found, which must be the same.
func bothRead(t *testing.T, frames []any) []object {
	t.Helper()
	stream := bytes.Join(bytesOf(t, frames), nil)
	ours, err := decode(t, bytes.NewReader(stream), protocolTypes...)
	if err != io.EOF {
		t.Fatal(err)
	}
	theirs := pageDecoder(t, stream)
	if len(theirs) != len(ours) {
		t.Fatalf("%d frames of %d", len(theirs), len(ours))
	}
	for i, o := range theirs {
		want := describe(ours[i])
		if agrees, told := o["agrees"]; told {
			want["agrees"] = agrees
		}
		if want = written(t, want); !reflect.DeepEqual(o, want) {
			t.Fatalf("frame %d is\n%v, ours\n%v", i, o, want)
		}
	}
	return theirs
}

// record makes one frame, and the checksum behind a whole one.
func (e *ends) record() (frames []any) {
	e.box.View(func(r state.Reader) {
		n := e.enc.Encode(nil, r, &e.policy)
		frames = append(frames, &n)
		if n.Whole {
			frames = append(frames, &Check{Seq: r.Version().Seq, Sum: e.enc.Sum(r)})
		}
	})
	return frames
}

// follow applies a frame that the page's decoder has read.
func follow(copied map[string]object, frame object) {
	changes, _ := frame["changes"].([]any)
	for _, c := range changes {
		change := c.(object)
		h := change["hash"].(string)
		if copied[h] == nil {
			copied[h] = object{}
		}
		maps.Copy(copied[h], change)
	}
	removed, _ := frame["removed"].([]any)
	for _, h := range removed {
		delete(copied, h.(string))
	}
}

// TestProtocolCoded codes the values of the page, and reads its code.
func TestProtocolCoded(t *testing.T) {
	for _, e := range examples(t, "coded") {
		var values []string
		for _, line := range e.lines {
			code, ends := strings.CutPrefix(line, "= ")
			if !ends {
				values = append(values, line)
				continue
			}
			codeBothWays(t, values, code)
			values = nil
		}
		if values != nil {
			t.Errorf("%q have no code", values)
		}
	}
}

func codeBothWays(t *testing.T, values []string, code string) {
	t.Helper()
	want, err := hex.DecodeString(code)
	if err != nil {
		t.Fatal(err)
	}
	var c entropy.Coder
	c.Encode(nil)
	m := newCodedModels()
	for _, line := range values {
		m.line(t, &c, line)
	}
	if got := c.Finish(); !bytes.Equal(got, want) {
		t.Errorf("%q is on the page\n%x and coded\n%x", values, want, got)
	}
	c.Decode(want)
	m = newCodedModels()
	for _, line := range values {
		m.line(t, &c, line)
	}
	if err := c.Close(); err != nil {
		t.Errorf("%q: %v", values, err)
	}
}

// codedModels are those of one example.
type codedModels struct {
	bit  entropy.Bit
	tree entropy.Tree
	uint entropy.Uint
	int  entropy.Int
	text *entropy.Text
}

func newCodedModels() *codedModels {
	return &codedModels{tree: make(entropy.Tree, 8), text: entropy.NewText()}
}

// line codes the values of a line. A decoder is told nothing, and must find them.
func (m *codedModels) line(t *testing.T, c *entropy.Coder, line string) {
	t.Helper()
	kind, rest, _ := strings.Cut(line, " ")
	if kind == "text" {
		want, err := strconv.Unquote(rest)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.text.Code(c, hidden(c, want), 4096); err != nil || got != want {
			t.Errorf("%s: %q, %v", line, got, err)
		}
		return
	}
	words := strings.Fields(rest)
	size := 0
	if kind == "raw" {
		size, _ = strconv.Atoi(words[0])
		words = words[1:]
	}
	for _, word := range words {
		var got, want any
		if v, err := strconv.ParseInt(word, 0, 64); kind == "int" && err == nil {
			got, want = m.int.Code(c, hidden(c, v)), v
		} else if v, err := strconv.ParseUint(word, 0, 64); err == nil {
			got, want = m.number(c, kind, size, hidden(c, v)), v
		}
		if want == nil || got != want {
			t.Errorf("%s: %v for %s", line, got, word)
		}
	}
}

func (m *codedModels) number(c *entropy.Coder, kind string, size int, v uint64) any {
	switch kind {
	case "bit":
		return uint64(m.bit.Code(c, uint(v)))
	case "tree":
		return uint64(m.tree.Code(c, uint(v), 3))
	case "uint":
		return m.uint.Code(c, v)
	case "raw":
		return c.Raw(v, size)
	}
	return nil
}

// hidden is what a Coder is given for v.
func hidden[T any](c *entropy.Coder, v T) T {
	if c.Decoding() {
		var none T
		return none
	}
	return v
}

// TestProtocolChecksums sums up the states of the page.
func TestProtocolChecksums(t *testing.T) {
	for _, e := range examples(t, "checksum") {
		for _, line := range e.lines {
			text, sum, ok := strings.Cut(line, "} = ")
			if !ok {
				t.Fatalf("no sum in %s", line)
			}
			o := parse(t, text+"}")
			s := state.New(1)
			_ = s.Update(func(tx *state.Tx) error {
				torrents, _ := o["torrents"].([]any)
				for _, one := range torrents {
					tx.Put(torrentOf(t, one.(object)))
				}
				tx.SetSession(sessionOf(t, o["session"]))
				tx.SetHost(hostOf(t, o["host"]))
				tx.SetSettings(settingsOf(t, o["settings"]))
				return nil
			})
			_, got := s.Checksum()
			if hash, alone := o["hash"]; alone && hash != nil {
				got = torrentOf(t, o).Checksum()
			}
			if want := fmt.Sprintf("0x%016x", got); sum != want {
				t.Errorf("%s is on the page %s, want %s", text, sum, want)
			}
		}
	}
}

// integer returns a number of an object, 0 when it is missing.
func integer(t *testing.T, o object, name string) int64 {
	t.Helper()
	n, ok := o[name].(json.Number)
	if !ok {
		return 0
	}
	v, err := n.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func torrentOf(t *testing.T, o object) *state.Torrent {
	t.Helper()
	hash, _ := o["hash"].(string)
	h, err := state.ParseHash(hash)
	if err != nil {
		t.Fatal(err)
	}
	torrent := &state.Torrent{Hash: h}
	for name := range o {
		if !slices.Contains(append(fieldNames[:], "hash", "error_text"), name) {
			t.Errorf("no field is called %s", name)
		}
	}
	var v values
	for i, name := range fieldNames {
		v[i] = integer(t, o, name)
		v.store(torrent, i)
	}
	torrent.Dir, _ = o["dir"].(string)
	trackers, _ := o["trackers"].([]any)
	for _, u := range trackers {
		torrent.Trackers = append(torrent.Trackers, u.(string))
	}
	options, _ := o["options"].(object)
	torrent.Options, _ = state.OptionsOf([state.OptionsNumbers]int64(named(t, options, optionNames[:])))
	torrent.Name, _ = o["name"].(string)
	torrent.ErrorText, _ = o["error_text"].(string)
	labels, _ := o["labels"].([]any)
	for _, l := range labels {
		torrent.Labels = append(torrent.Labels, l.(string))
	}
	return torrent
}

// named returns the numbers of an object by their names, and fails for any other.
func named(t *testing.T, o object, names []string) (n []int64) {
	t.Helper()
	for name := range o {
		if !slices.Contains(names, name) {
			t.Errorf("no number is called %s", name)
		}
	}
	for _, name := range names {
		v := integer(t, o, name)
		if o[name] == true {
			v = 1
		}
		n = append(n, v)
	}
	return n
}

func settingsOf(t *testing.T, told any) (v state.Settings) {
	t.Helper()
	o, _ := told.(object)
	o = maps.Clone(o)
	texts, _ := v.Texts()
	for i, name := range settingTexts {
		*texts[i], _ = o[name].(string)
		delete(o, name)
	}
	if !v.SetNumbers([state.SettingsNumbers]int64(named(t, o, settingNames[:]))) {
		t.Errorf("the settings %v do not fit", o)
	}
	return v
}

func sessionOf(t *testing.T, told any) (s state.Session) {
	t.Helper()
	o, _ := told.(object)
	s.Daemon, s.RPCVersion = state.DaemonState(integer(t, o, "daemon")), int32(integer(t, o, "rpc_version"))
	s.DaemonText, _ = o["daemon_text"].(string)
	s.Version, _ = o["version"].(string)
	s.AltSpeed, _ = o["alt_speed"].(bool)
	return s
}

func hostOf(t *testing.T, told any) state.Host {
	t.Helper()
	o, _ := told.(object)
	n := func(name string) int64 { return integer(t, o, name) }
	return state.Host{
		DiskTotal: n("disk_total"), DiskFree: n("disk_free"), MemTotal: n("mem_total"), MemUsed: n("mem_used"),
		CPU: state.Fraction(n("cpu")), NetDown: n("net_down"), NetUp: n("net_up"), Uptime: n("uptime"),
	}
}

// TestProtocolSizes compares the page's table with what padding makes.
func TestProtocolSizes(t *testing.T) {
	size := 0
	for _, line := range examples(t, "sizes")[0].lines {
		var cells, room int
		if _, err := fmt.Sscan(line, &cells, &room); err != nil {
			t.Fatal(err)
		}
		if got := roomIn(cells); got != room {
			t.Errorf("%d cells hold %d bytes, on the page %d", cells, got, room)
		}
		if got := Padded(size + 1); got != room {
			t.Errorf("the size behind %d is %d, on the page %d", size, got, room)
		}
		size = room
	}
}

// TestProtocolTable: the points that the decoder uses are those of the page. (That
// they are ours, the coded texts show.)
func TestProtocolTable(t *testing.T) {
	program, err := os.ReadFile(protocolDecoder)
	if err != nil {
		t.Fatal(err)
	}
	compact := strings.NewReplacer(" ", "", "\n", "")
	points := compact.Replace(strings.Join(examples(t, "logistic")[0].lines, ""))
	if !strings.Contains(compact.Replace(string(program)), "["+points+",]") {
		t.Errorf("%s does not have the points of the page", protocolDecoder)
	}
}
