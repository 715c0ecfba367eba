package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"offing/tunnel/state"
)

// ends are an encoder and a decoder with a state each.
type ends struct {
	t         testing.TB
	box, home *state.State
	enc       *Encoder
	dec       *Decoder
	snapshot  bool
	policy    Policy
	now       time.Time
	seed      uint64
}

func newEnds(t testing.TB, box, home *state.State, base uint64) *ends {
	now := time.Unix(1e9, 0)
	e := &ends{t: t, box: box, home: home, enc: NewEncoder(base), dec: NewDecoder(), snapshot: base == 0, now: now}
	e.policy = Policy{Limit: 1 << 15, Welcome: now, Known: true}
	box.View(e.enc.Start)
	return e
}

// frame sends one frame, and tells whether it told all.
func (e *ends) frame() bool {
	e.t.Helper()
	var n News
	var sum uint64
	e.policy.Now = e.now
	e.box.View(func(r state.Reader) { n = e.enc.Encode(nil, r, &e.policy); sum = e.enc.Sum(r) })
	whole := n.Whole
	d, err := e.dec.Decode(bytes.Clone(n.Body))
	if err != nil {
		e.t.Fatal(err)
	}
	if d.Whole != whole {
		e.t.Fatalf("whole %v and %v", whole, d.Whole)
	}
	e.apply(d)
	e.same()
	if _, have := e.home.Checksum(); whole && have != sum {
		e.t.Fatal("seed ", e.seed, ": the sum is not that of what home has")
	}
	return whole
}

func (e *ends) apply(d *Delta) {
	e.t.Helper()
	err := e.home.Update(func(tx *state.Tx) error {
		delta := state.Delta{Changes: d.Changes, Removed: d.Removed, Session: d.Session, Host: d.Host, Settings: d.Settings}
		if err := tx.Apply(&delta); err != nil {
			return err
		}
		if e.snapshot && d.Whole {
			has := e.dec.Has()
			tx.Keep(func(h state.Hash) bool { _, ok := has[h]; return ok })
			e.snapshot = false
		}
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// same compares what the two ends believe to know of each other.
func (e *ends) same() {
	e.t.Helper()
	for i := range e.enc.slots {
		a, b := e.enc.slots[i], e.dec.slots[i]
		a.seq, a.settled, a.checked = 0, 0, 0
		if (a.past == nil) != (b.past == nil) || a.past != nil && *a.past != *b.past {
			e.t.Fatalf("slot %d: %+v and %+v", i, a.past, b.past)
		}
		a.past, b.past = nil, nil
		if a != b {
			e.t.Fatalf("slot %d:\n%+v\n%+v", i, a, b)
		}
	}
	if !reflect.DeepEqual(e.enc.moving, e.dec.moving) && len(e.enc.moving)+len(e.dec.moving) > 0 {
		e.t.Fatalf("moving %v and %v", e.enc.moving, e.dec.moving)
	}
}

// settle sends frames until all is told.
func (e *ends) settle() {
	e.t.Helper()
	for n := 0; !e.frame(); n++ {
		if n > 10000 {
			e.t.Fatal("no end of frames")
		}
	}
}

func (e *ends) equal() {
	e.t.Helper()
	e.box.Each(func(want *state.Torrent) bool {
		got, ok := e.home.Get(want.Hash)
		if f := state.Diff(&got, want); !ok || f != 0 {
			e.t.Fatalf("fields %b of\n%+v\nare in the box\n%+v", f, got, *want)
		}
		return true
	})
	_, a := e.box.Checksum()
	_, b := e.home.Checksum()
	if a != b {
		e.t.Fatalf("checksums differ; %d and %d torrents, %+v %+v %+v %+v %+v %+v", e.box.Totals().Torrents, e.home.Totals().Torrents, e.box.Session(), e.home.Session(), e.box.Host(), e.home.Host(), e.box.Settings(), e.home.Settings())
	}
}

// world changes a state as a box's daemon would, or worse.
type world struct {
	r    *rand.Rand
	s    *state.State
	pool int
	put  []state.Torrent // lately
}

func (w *world) step(t testing.TB) {
	t.Helper()
	err := w.s.Update(func(tx *state.Tx) error {
		for range 1 + w.r.IntN(6) {
			w.act(tx)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) act(tx *state.Tx) {
	r := w.r
	h := state.Hash{byte(r.IntN(w.pool)), byte(r.IntN(1 + w.pool>>8)), 7}
	switch r.IntN(12) {
	case 0:
		tx.Remove(h)
	case 1:
		tx.SetHost(state.Host{DiskFree: r.Int64(), CPU: state.Fraction(r.IntN(10000)), NetUp: r.Int64N(1e6)})
	case 2:
		tx.SetSession(state.Session{Daemon: state.DaemonOK, Version: fmt.Sprint(r.IntN(3)), AltSpeed: r.IntN(2) == 0})
		if r.IntN(2) == 0 {
			tx.SetSettings(randomSettings(r))
		}
	case 3, 4: // one goes on moving, as daemons have it, or being verified
		if len(w.put) > 0 {
			i := r.IntN(len(w.put))
			t := &w.put[i]
			t.Active = t.Active>>1 + 60
			if t.Status, t.RateUp, t.RateDown = state.Checking, 0, 0; i > 0 {
				t.Status, t.RateUp, t.Uploaded = state.Seeding, 1000+r.Int64N(10), t.Uploaded>>1+1000
			}
			tx.Put(t)
		}
	default:
		shift := r.IntN(63)
		n := func() int64 { return r.Int64() >> shift * int64(r.IntN(2)) }
		t := state.Torrent{
			Hash: h, Name: fmt.Sprint("Name.", r.IntN(50), "-GROUP"), Status: state.Status(r.IntN(7)), Error: state.ErrorKind(r.IntN(2)),
			ErrorText: []string{"", "tracker: timed out", "gone"}[r.IntN(3)], Size: n(), Left: n(), Metadata: state.Whole * state.Fraction(r.IntN(2)),
			Checked: state.Fraction(r.IntN(3)), RateDown: n(), RateUp: n(), Downloaded: n(), Uploaded: n(), Peers: r.Int32N(50),
			PeersSending: r.Int32N(5), PeersGetting: r.Int32(), WebSeeds: r.Int32N(2), Added: n(), Done: n(), Queue: r.Int32N(100),
			Labels: [][]string{nil, {"tv"}, {"tv", "linux", "a longer one"}}[r.IntN(3)],
			Dir:    []string{"", "/srv/torrents", fmt.Sprint("/srv/", r.IntN(5))}[r.IntN(3)], Total: n(), Files: r.Int32N(1000),
			Private: r.IntN(2) == 0, Finished: r.IntN(2) == 0, Active: n(), Seeded: n() / 60 * 60, Options: randomOptions(r),
			Trackers: [][]string{nil, {"https://a.example/announce"}, {"https://a.example/announce", fmt.Sprint("udp://b.example:", r.IntN(5))}}[r.IntN(3)],
		}
		tx.Put(&t)
		w.put = append(w.put, t)[max(len(w.put)-3, 0):]
	}
}

func randomOptions(r *rand.Rand) state.Options {
	if r.IntN(2) == 0 {
		return state.Options{}
	}
	return state.Options{
		DownLimit: 1000 * r.Int64N(3), UpLimit: r.Int64(), RatioLimit: r.Int64N(3), PeerLimit: r.Int32N(3), IdleLimit: r.Int32(),
		DownLimited: r.IntN(2) == 0, UpLimited: r.IntN(2) == 0, Unbound: r.IntN(2) == 0, Sequential: r.IntN(2) == 0,
		Priority: int8(r.IntN(3) - 1), RatioMode: state.LimitMode(r.IntN(3)), IdleMode: state.LimitMode(r.IntN(3)),
	}
}

// randomSettings returns settings of which some numbers and texts are set.
func randomSettings(r *rand.Rand) (v state.Settings) {
	var n [state.SettingsNumbers]int64
	for i := range n {
		n[i] = r.Int64N(2)
	}
	v.SetNumbers(n)
	v.DownLimit, v.PeerPort = r.Int64(), r.Int32()
	v.DownloadDir, v.Encryption = fmt.Sprint("/srv/", r.IntN(5)), []string{"", "required"}[r.IntN(2)]
	return v
}

// Whatever happens at the box, in frames of whatever size, however told: when
// all is told exactly, home has what the box has. Then the line breaks.
func TestHistories(t *testing.T) {
	for seed := range uint64(40) {
		history(t, seed, []int{3, 3, 12, 12, 12, 40, 40, 300}[seed%8])
	}
}

func history(t *testing.T, seed uint64, pool int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	w := &world{r: r, s: state.New(1), pool: pool}
	home, base := state.New(2), uint64(0)
	for range 5 {
		e := newEnds(t, w.s, home, base)
		e.seed = seed
		for range r.IntN(20) {
			w.step(t)
			e.now = e.now.Add(time.Duration(r.IntN(3000)) * time.Millisecond)
			if r.IntN(4) > 0 {
				w.s.Touch(e.now)
			}
			e.policy.Limit = 1 << r.IntN(14)
			e.policy.Live = r.IntN(3) > 0
			e.frame()
		}
		if r.IntN(2) == 0 {
			e.policy.Live = false
			e.settle()
			e.equal()
		}
		base = e.enc.done
	}
	e := newEnds(t, w.s, home, base)
	e.settle()
	e.equal()
}
