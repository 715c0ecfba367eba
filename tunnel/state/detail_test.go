package state

import (
	"reflect"
	"strings"
	"testing"
)

func someDetail() Detail {
	return Detail{
		Hash:     Hash{1},
		Files:    []File{{"a/b", 10, 5, true, -1}, {"a/c", 20, 20, false, 1}},
		Peers:    []Peer{{"192.0.2.1:51413", "Transmission 3.00", 5000, 1, 2, "TE", true, true, false}},
		Trackers: []Tracker{{"https://tracker.example/announce", 0, TrackerWaiting, false, "Success", -1, 3, 1700000000}},
		Pieces:   Pieces{Count: 10, Size: 16384, Have: []byte{0x81, 0x40}},
		Comment:  "words", Creator: "a program", Created: 1600000000, Dir: "/srv", Private: true,
		Have: 1, Unchecked: 2, Wasted: 3, Seeding: 4, Downloading: 5, Active: 6,
	}
}

// TestDetailEqual proves that no field was forgotten.
func TestDetailEqual(t *testing.T) {
	a := someDetail()
	if b := someDetail(); !a.Equal(&b) {
		t.Error("two equal details differ")
	}
	for field := range reflect.TypeFor[Detail]().Fields() {
		b := someDetail()
		reflect.ValueOf(&b).Elem().FieldByIndex(field.Index).SetZero()
		if a.Equal(&b) || b.Equal(&a) {
			t.Errorf("Equal does not look at %s", field.Name)
		}
	}
	for field := range reflect.TypeFor[Pieces]().Fields() {
		b := someDetail()
		reflect.ValueOf(&b.Pieces).Elem().FieldByIndex(field.Index).SetZero()
		if a.Equal(&b) {
			t.Errorf("Equal does not look at Pieces.%s", field.Name)
		}
	}
}

func TestDetailWithinLimits(t *testing.T) {
	for _, d := range []Detail{{}, someDetail()} {
		c := d.Clean()
		if !d.Valid() || !reflect.DeepEqual(c, d) {
			t.Errorf("%+v is changed into %+v", d, c)
		}
	}
}

func TestDetailBeyondLimits(t *testing.T) {
	long := strings.Repeat("ä", MaxName)
	for name, spoil := range map[string]func(*Detail){
		"files":          func(d *Detail) { d.Files = make([]File, MaxFiles+1) },
		"peers":          func(d *Detail) { d.Peers = make([]Peer, MaxPeers+1) },
		"trackers":       func(d *Detail) { d.Trackers = make([]Tracker, MaxTrackers+1) },
		"comment":        func(d *Detail) { d.Comment = long },
		"creator":        func(d *Detail) { d.Creator = "\xff" },
		"folder":         func(d *Detail) { d.Dir = long },
		"created":        func(d *Detail) { d.Created = -1 },
		"have":           func(d *Detail) { d.Have = -1 },
		"unchecked":      func(d *Detail) { d.Unchecked = -1 },
		"wasted":         func(d *Detail) { d.Wasted = -1 },
		"seeding":        func(d *Detail) { d.Seeding = -1 },
		"downloading":    func(d *Detail) { d.Downloading = -1 },
		"active":         func(d *Detail) { d.Active = -1 },
		"file name":      func(d *Detail) { d.Files[1].Name = long },
		"file size":      func(d *Detail) { d.Files[1].Size = -1 },
		"file have":      func(d *Detail) { d.Files[1].Have = d.Files[1].Size + 1 },
		"file priority":  func(d *Detail) { d.Files[1].Priority = 2 },
		"peer address":   func(d *Detail) { d.Peers[0].Address = long },
		"peer client":    func(d *Detail) { d.Peers[0].Client = long },
		"peer flags":     func(d *Detail) { d.Peers[0].Flags = long },
		"peer progress":  func(d *Detail) { d.Peers[0].Progress = Whole + 1 },
		"peer rates":     func(d *Detail) { d.Peers[0].RateDown, d.Peers[0].RateUp = -1, -1 },
		"tracker URL":    func(d *Detail) { d.Trackers[0].Announce = long },
		"tracker tier":   func(d *Detail) { d.Trackers[0].Tier = -1 },
		"tracker state":  func(d *Detail) { d.Trackers[0].State = 4 },
		"tracker result": func(d *Detail) { d.Trackers[0].Result = long },
		"tracker counts": func(d *Detail) { d.Trackers[0].Seeders, d.Trackers[0].Leechers = -2, -9 },
		"tracker next":   func(d *Detail) { d.Trackers[0].Next = -1 },
		"no pieces":      func(d *Detail) { d.Pieces.Count = -1 },
		"many pieces":    func(d *Detail) { d.Pieces.Count = MaxPieces + 1 },
		"piece size":     func(d *Detail) { d.Pieces.Size = -1 },
		"short bitfield": func(d *Detail) { d.Pieces.Have = []byte{1} },
		"long bitfield":  func(d *Detail) { d.Pieces.Have = []byte{1, 2, 3} },
		"last bits":      func(d *Detail) { d.Pieces.Have = []byte{0x81, 0x7f} },
	} {
		d, before := someDetail(), someDetail()
		spoil(&d)
		spoil(&before)
		c := d.Clean()
		if d.Valid() {
			t.Errorf("%s: is valid", name)
		}
		if !c.Valid() {
			t.Errorf("%s: is not valid when cleaned: %+v", name, c)
		}
		if !reflect.DeepEqual(d, before) {
			t.Errorf("%s: Clean writes to what is shared", name)
		}
	}
}

func TestCleanKeepsPieces(t *testing.T) {
	d := someDetail()
	d.Pieces.Have = []byte{0x81, 0x7f}
	if c := d.Clean(); !reflect.DeepEqual(c.Pieces.Have, []byte{0x81, 0x40}) {
		t.Errorf("pieces %x", c.Pieces.Have)
	}
	for i := -1; i < 20; i++ {
		if got, want := someDetail().Pieces, i == 0 || i == 7 || i == 9; got.Has(i) != want {
			t.Errorf("Has(%d) is %v", i, !want)
		}
	}
}

func TestTrackerStateNames(t *testing.T) {
	if TrackerAnnouncing.String() != "announcing" || TrackerState(9).String() != "tracker-state-9" {
		t.Error("wrong words")
	}
}
