package view

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

const secretURL = "https://tracker.example/announce/0123456789abcdef"

// scene is a detail with something in each member.
func scene() state.Detail {
	return state.Detail{
		Hash:     full().Hash,
		Files:    []state.File{{Name: "a/b.mkv", Size: 10, Have: 5, Wanted: true}, {Name: `"c"`, Size: 1, Priority: -1}},
		Peers:    []state.Peer{{Address: "192.0.2.1:1", Client: "x", Progress: 5000, RateDown: 1, RateUp: 2, Flags: "DE", Incoming: true, Encrypted: true, UTP: true}, {Address: "[2001:db8::1]:2"}},
		Trackers: []state.Tracker{{Announce: secretURL, Tier: 1, State: state.TrackerWaiting, Result: "Success", Seeders: 3, Leechers: -1, Next: 9}},
		Pieces:   state.Pieces{Count: 9, Size: 4, Have: []byte{0xff, 0x80}},
		Comment:  "hi", Creator: "me", Created: 1, Dir: "/d", Private: true,
		Have: 2, Unchecked: 3, Wasted: 4, Seeding: 5, Downloading: 6, Active: 7,
	}
}

const (
	goldenInfo = `"info":{"comment":"hi","creator":"me","created":1,"dir":"/d","private":true,"have":2,"unchecked":3,"wasted":4,"seeding":5,"downloading":6,"active":7}`
	goldenRest = `,"tier":1,"state":"waiting","failed":false,"result":"Success","seeders":3,"leechers":-1,"next":9}],"pieces":{"count":9,"size":4,"have":"/4A="},` +
		`"peers":[{"addr":"192.0.2.1:1","client":"x","progress":5000,"down":1,"up":2,"flags":"DE","incoming":true,"encrypted":true,"utp":true},` +
		`{"addr":"[2001:db8::1]:2","client":"","progress":0,"down":0,"up":0,"flags":"","incoming":false,"encrypted":false,"utp":false}],` +
		`"files":[{"i":0,"name":"a/b.mkv","size":10,"have":5,"wanted":true,"priority":0},{"i":1,"name":"\"c\"","size":1,"have":0,"wanted":false,"priority":-1}]`
	goldenDetail = `"age_ms":0,` + goldenInfo + `,"trackers":[{"announce":"` + secretURL + `"` + goldenRest
)

// say makes d what the box has said of the torrent just now.
func (w *world) say(d state.Detail) {
	w.src.details[key("demo", d.Hash)] = told{Detail: d, at: time.Now()}
}

// opened runs f in a bubble with ben's torrent and its feed as p sees it.
func opened(t *testing.T, p account.Principal, f func(w *world, f hub.Feed)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, _ := shared(t)
		w.give(key("demo", full().Hash), full().Added, eve, owners.Act)
		f(w, w.feed(t, p, TorrentTopic("demo", full().Hash)))
	})
}

func TestDetails(t *testing.T) {
	opened(t, ben, func(w *world, f hub.Feed) {
		stop := f.Watch(func() {})
		if w.src.opened[key("demo", full().Hash)] != 1 || len(w.Views.open) != 1 {
			t.Error("the torrent is not open at its box")
		}
		u := f.Since(nil)
		expect(t, u, true, `"pending":true`)
		expect(t, f.Since(u.Mark), false, "")
		d := scene()
		w.say(d)
		u = f.Since(u.Mark)
		expect(t, u, true, goldenDetail)
		expect(t, f.Since(u.Mark), false, "")
		first := u.Mark

		step := func(delay time.Duration, golden string) {
			t.Helper()
			time.Sleep(3 * time.Second)
			w.say(d)
			u = f.Since(u.Mark)
			expect(t, u, false, `"age_ms":0`+golden)
			if u.Delay != delay {
				t.Errorf("%s waits %v", golden, u.Delay)
			}
		}
		step(agePace, "")
		d.Have = 7
		step(detailPace, `,`+strings.Replace(goldenInfo, `"have":2`, `"have":7`, 1))
		d.Files = slices.Clone(d.Files)
		d.Files[0].Have = 6
		step(detailPace, `,"files":[{"i":0,"name":"a/b.mkv","size":10,"have":6,"wanted":true,"priority":0}]`)
		d.Files = slices.Clone(d.Files)
		d.Files[0].Wanted = false
		step(0, `,"files":[{"i":0,"name":"a/b.mkv","size":10,"have":6,"wanted":false,"priority":0}]`)
		d.Peers = []state.Peer{d.Peers[0], {Address: "192.0.2.2:1"}}
		step(detailPace, `,"peers":[{"addr":"192.0.2.2:1","client":"","progress":0,"down":0,"up":0,"flags":"","incoming":false,"encrypted":false,"utp":false}],"peers_gone":["[2001:db8::1]:2"]`)
		d.Trackers = nil
		step(0, `,"trackers":[]`)
		d.Pieces.Have = []byte{0xff, 0}
		step(detailPace, `,"pieces":{"count":9,"size":4,"have":"/wA="}`)
		d.Files = d.Files[:1]
		time.Sleep(time.Second)
		w.say(d)
		if u = f.Since(u.Mark); !u.Reset {
			t.Error("another list of files is told as a difference")
		}
		if u = f.Since(first); !u.Reset {
			t.Error("what was told long ago is still known")
		}
		delete(w.src.details, key("demo", d.Hash)) // the line is down
		if v := f.Since(u.Mark); v.Mark != u.Mark || len(v.Parts) > 0 {
			t.Errorf("without news came %s", v.Parts)
		}
		stop()
		stop()
		if w.src.opened[key("demo", full().Hash)] != 0 || len(w.Views.open) != 0 {
			t.Error("the torrent is still open")
		}
	})
}

// A private tracker's URL is as good as its member's password: those with whom a
// torrent is only shared do not get it, until they own it.
func TestTrackersKeepTheirSecrets(t *testing.T) {
	opened(t, eve, func(w *world, f hub.Feed) {
		w.say(scene())
		u := f.Since(nil)
		expect(t, u, true, `"age_ms":0,`+strings.Replace(goldenInfo, `"/d"`, `""`, 1)+`,"trackers":[{"announce":"https://tracker.example"`+goldenRest)
		time.Sleep(time.Second)
		d := scene()
		d.Trackers[0].Seeders = 8
		d.Trackers = append(d.Trackers, state.Tracker{Announce: "udp://%zz/0123456789abcdef"})
		w.say(d)
		if u = f.Since(u.Mark); u.Reset || strings.Contains(string(u.Parts[0]), "abcdef") {
			t.Errorf("told %s", u.Parts)
		}
		w.give(key("demo", full().Hash), full().Added, eve, owners.Own)
		if u = f.Since(u.Mark); !u.Reset || !strings.Contains(string(u.Parts[0]), secretURL) {
			t.Errorf("an owner is told %s", u.Parts)
		}
	})
}

// Bit fields are long: however often they change, one in two seconds is told.
func TestPiecesWaitForTheirTurn(t *testing.T) {
	opened(t, ben, func(w *world, f hub.Feed) {
		d := scene()
		w.say(d)
		u := f.Since(nil)
		bitFields := 0
		for i := range 100 {
			time.Sleep(100 * time.Millisecond)
			d.Pieces.Have = []byte{byte(i), 0}
			w.say(d)
			u = f.Since(u.Mark)
			bitFields += strings.Count(string(u.Parts[0]), `"pieces"`)
		}
		if bitFields != 5 {
			t.Errorf("%d bit fields in ten seconds", bitFields)
		}
	})
}

func TestTorrentIsGone(t *testing.T) {
	opened(t, admin, func(w *world, f hub.Feed) {
		w.src.boxes[0].State.Touch(time.Now())
		w.say(scene())
		u := f.Since(nil)
		woken := 0
		defer f.Watch(func() { woken++ })()
		remove(t, w.src.boxes[0].State, full().Hash)
		w.step()
		if !f.Since(u.Mark).Gone || woken == 0 {
			t.Errorf("a removed torrent's page was woken %d times", woken)
		}
		put(t, w.src.boxes[0].State, full())
		w.step()
		if f.Since(u.Mark).Gone {
			t.Error("a torrent that came back is gone")
		}
		woken, w.src.boxes = 0, nil
		w.step()
		if !f.Since(u.Mark).Gone || woken == 0 {
			t.Errorf("a removed box's page was woken %d times", woken)
		}
	})
}

// The controller was started again while pages had torrents open. Until the box has told
// what it has, those to whom they were given wait for it, and others are told that there
// are none.
func TestDetailsBeforeTheBoxIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		box, there, gone := w.add("demo", 1), full(), full()
		gone.Hash[0]++
		for _, x := range []state.Torrent{there, gone} {
			w.give(key("demo", x.Hash), x.Added, ben, owners.Own)
		}
		w.say(scene()) // of another torrent, perhaps
		w.step()
		if _, ok := w.Feed(eve, TorrentTopic("demo", there.Hash)); ok {
			t.Error("eve has a topic of ben's torrent")
		}
		type open struct {
			hub.Feed
			mark  hub.Mark
			woken int
		}
		var pages []*open
		for _, p := range []account.Principal{ben, admin} {
			for _, x := range []state.Torrent{there, gone} {
				page := &open{Feed: w.feed(t, p, TorrentTopic("demo", x.Hash))}
				defer page.Watch(func() { page.woken++ })()
				u := page.Since(nil)
				expect(t, u, true, `"pending":true`)
				page.mark = u.Mark
				expect(t, page.Since(page.mark), false, "")
				pages = append(pages, page)
			}
		}
		put(t, box, there) // the snapshot has begun
		w.step()
		for i, page := range pages {
			if u := page.Since(page.mark); u.Gone || (len(u.Parts) > 0) != (i%2 == 0) || page.woken != (i+1)%2 {
				t.Errorf("page %d: gone %v, %s, woken %d times", i, u.Gone, u.Parts, page.woken)
			}
			page.woken = 0
		}
		box.Touch(time.Now())
		w.step()
		for i, page := range pages {
			if u := page.Since(page.mark); u.Gone != (i%2 == 1) || page.woken == 0 {
				t.Errorf("page %d: gone %v, woken %d times", i, u.Gone, page.woken)
			}
		}
	})
}

// sheet is what a page makes of a torrent's topic.
type sheet struct {
	members map[string]any
	files   map[float64]any
	peers   map[string]any
}

func (p *sheet) apply(t *testing.T, u hub.Update) {
	t.Helper()
	if u.Reset {
		*p = sheet{map[string]any{}, map[float64]any{}, map[string]any{}}
	}
	for _, part := range u.Parts {
		var frame map[string]any
		if err := json.Unmarshal(fmt.Appendf(nil, "{%s}", part), &frame); err != nil {
			t.Fatalf("%v: %s", err, part)
		}
		for name, value := range frame {
			switch name {
			case "files":
				for _, v := range value.([]any) {
					p.files[v.(map[string]any)["i"].(float64)] = v
				}
			case "peers":
				for _, v := range value.([]any) {
					p.peers[v.(map[string]any)["addr"].(string)] = v
				}
			case "peers_gone":
			default:
				p.members[name] = value
			}
		}
		gone, _ := frame["peers_gone"].([]any)
		for _, address := range gone {
			delete(p.peers, address.(string))
		}
	}
}

// TestDetailsLeadToThePresent changes details at random, those of long lists too.
func TestDetailsLeadToThePresent(t *testing.T) {
	opened(t, ben, func(w *world, f hub.Feed) {
		r := rand.New(rand.NewPCG(1, 2))
		var pages [3]sheet
		var marks [3]hub.Mark
		d := scene()
		const steps, long = 200, 199
		for step := range steps {
			time.Sleep(3 * time.Second)
			kind := r.IntN(8)
			if step == long {
				kind = 0
			}
			switch kind {
			case 0:
				d.Files = make([]state.File, r.IntN(40))
				if step == long {
					d.Files = make([]state.File, 6000)
				}
				for i := range d.Files {
					d.Files[i].Name = fmt.Sprint("file ", i)
				}
			case 1:
				d.Peers = append(slices.Clone(d.Peers), state.Peer{Address: fmt.Sprint(r.IntN(9))})
			case 2:
				d.Peers = d.Peers[r.IntN(len(d.Peers)+1):]
			case 3:
				d.Have++
			case 4:
				d.Pieces.Have = []byte{byte(step), 0}
			default:
				d.Files = slices.Clone(d.Files)
				for i := range d.Files {
					if r.IntN(10) == 0 {
						d.Files[i].Have++
					}
				}
			}
			w.say(d)
			i := r.IntN(len(pages))
			u := f.Since(marks[i])
			marks[i] = u.Mark
			pages[i].apply(t, u)
			var fresh sheet
			fresh.apply(t, f.Since(nil))
			if !reflect.DeepEqual(pages[i], fresh) {
				t.Fatalf("step %d: the page holds something else", step)
			}
			if step == long && len(u.Parts) < 2 {
				t.Errorf("%d files are told in %d parts", len(d.Files), len(u.Parts))
			}
		}
	})
}

func TestFolderIsItsOwners(t *testing.T) {
	d := state.Detail{Dir: "/srv/downloads/anna"}
	for g, want := range map[owners.Grant]string{
		{Access: owners.See}: "", {Access: owners.Act}: "", {Access: owners.Own}: d.Dir, {Access: owners.Own, Joined: true}: d.Dir,
	} {
		if got := infoOf(&d, g).Dir; got != want {
			t.Errorf("%+v is told of the folder %q, want %q", g, got, want)
		}
	}
}
