package state

import (
	"encoding/json"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// different returns a value of the field's type that is not zero.
func different(t *testing.T, v reflect.Value) reflect.Value {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf("x").Convert(v.Type())
	case reflect.Slice:
		return reflect.ValueOf([]string{"x"})
	case reflect.Bool:
		return reflect.ValueOf(true)
	case reflect.Struct:
		o := reflect.New(v.Type()).Elem()
		o.Field(0).Set(different(t, o.Field(0)))
		return o
	case reflect.Int8, reflect.Uint8, reflect.Uint16, reflect.Int32, reflect.Int64:
		return reflect.ValueOf(1).Convert(v.Type())
	}
	t.Fatalf("no value for %v", v.Type())
	return reflect.Value{}
}

// TestFieldsCoverTorrent proves that no field of Torrent was forgotten: each but
// Hash has a bit in Diff, travels with Merge, and counts in the checksum.
func TestFieldsCoverTorrent(t *testing.T) {
	var seen Fields
	for field := range reflect.TypeFor[Torrent]().Fields() {
		a, b := Torrent{Hash: Hash{1}}, Torrent{Hash: Hash{1}}
		v := reflect.ValueOf(&b).Elem().FieldByIndex(field.Index)
		if field.Name == "Hash" {
			continue
		}
		v.Set(different(t, v))
		f := Diff(&a, &b)
		if bits.OnesCount32(uint32(f)) != 1 {
			t.Errorf("%s: Diff is %b, want one bit", field.Name, f)
		}
		seen |= f
		if a.Checksum() == b.Checksum() {
			t.Errorf("%s does not count in the checksum", field.Name)
		}
		a.Merge(AllFields&^f, &b)
		if Diff(&a, &b) != f {
			t.Errorf("%s came with the other fields", field.Name)
		}
		a.Merge(f, &b)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s did not come with its bit: %+v", field.Name, a)
		}
	}
	if seen != AllFields || bits.OnesCount32(uint32(AllFields)) != FieldCount {
		t.Errorf("bits in use %b, AllFields %b, FieldCount %d", seen, AllFields, FieldCount)
	}
}

func TestMergeKeepsHash(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		a, b := randomTorrent(r, Hash{1}), randomTorrent(r, Hash{2})
		a.Merge(Diff(&a, &b), &b)
		if a.Hash != (Hash{1}) || Diff(&a, &b) != 0 {
			t.Fatalf("after Merge of the Diff: %+v and %+v", a, b)
		}
	}
}

func TestFieldsHas(t *testing.T) {
	f := FieldName | FieldSize
	if !f.Has(FieldName) || !f.Has(f) || f.Has(FieldName|FieldLeft) || !f.Has(0) {
		t.Error("Has is wrong")
	}
}

func TestHash(t *testing.T) {
	const text = "0123456789abcdef0123456789ABCDEF01234567"
	h, err := ParseHash(text)
	if err != nil || h.String() != strings.ToLower(text) {
		t.Errorf("ParseHash: %v, %v", h, err)
	}
	for _, s := range []string{"", text[1:], text + "0", strings.Replace(text, "0", "g", 1)} {
		if _, err := ParseHash(s); err == nil {
			t.Errorf("ParseHash(%q) accepts", s)
		}
	}
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var back Hash
	if err := json.Unmarshal(b, &back); err != nil || back != h {
		t.Errorf("through JSON %s: %v, %v", b, back, err)
	}
}

func TestDerived(t *testing.T) {
	for _, c := range []struct {
		name     string
		t        Torrent
		progress Fraction
		ratio    float64
		eta      int64
		moving   bool
	}{
		{"nothing", Torrent{}, 0, 0, -1, false},
		{"half", Torrent{Status: Downloading, Size: 100, Left: 50, RateDown: 20, Downloaded: 50, Uploaded: 25}, 5000, 0.5, 3, true},
		{"stalled", Torrent{Status: Downloading, Size: 100, Left: 50}, 5000, 0, -1, false},
		{"nearly", Torrent{Status: Downloading, Size: 1 << 40, Left: 1, RateDown: 1}, 9999, 0, 1, true},
		{"complete", Torrent{Status: Seeding, Size: 100, Uploaded: 200, RateUp: 1}, Whole, 2, -1, true},
		{"more left than wanted", Torrent{Size: 100, Left: 200}, 0, 0, -1, false},
		{"left negative", Torrent{Size: 100, Left: -5}, Whole, 0, -1, false},
		{"checking", Torrent{Status: Checking, Size: 100}, Whole, 0, -1, true},
	} {
		if got := c.t.Progress(); got != c.progress {
			t.Errorf("%s: progress %d, want %d", c.name, got, c.progress)
		}
		if got := c.t.Ratio(); got != c.ratio {
			t.Errorf("%s: ratio %v, want %v", c.name, got, c.ratio)
		}
		if got := c.t.ETA(); got != c.eta {
			t.Errorf("%s: eta %d, want %d", c.name, got, c.eta)
		}
		if got := c.t.Moving(); got != c.moving {
			t.Errorf("%s: moving %v", c.name, got)
		}
	}
}

func TestWords(t *testing.T) {
	if Seeding.String() != "seeding" || Status(9).String() != "status-9" {
		t.Errorf("%v %v", Seeding, Status(9))
	}
	if DaemonUnauthorized.String() != "unauthorized" || DaemonState(99).String() != "unknown" {
		t.Errorf("%v %v", DaemonUnauthorized, DaemonState(99))
	}
}

// TestLimits puts a torrent with everything wrong into a State.
func TestLimits(t *testing.T) {
	long := strings.Repeat("€", MaxName) // three bytes a rune
	labels := make([]string, MaxLabels+5)
	for i := range labels {
		labels[i] = "l"
	}
	labels[1], labels[2] = long, "bad \xff"
	bad := Torrent{
		Hash: Hash{1}, Name: long, ErrorText: "half a rune: \xe2\x82", Size: -1, Left: -1, Metadata: Whole + 1, Checked: 65535,
		RateDown: -1, RateUp: -1, Downloaded: -1, Uploaded: -1, Peers: -1, PeersSending: -1, PeersGetting: -1,
		WebSeeds: -1, Added: -1, Done: -1, Queue: -1, Labels: labels, Dir: long, Total: -1, Files: -1, Active: -1, Seeded: -1,
		Options:  Options{-1, -1, -1, -1, -1, false, false, false, false, 2, LimitNone + 1, LimitNone + 1},
		Trackers: slices.Repeat([]string{long}, MaxURLs+1),
	}
	if bad.Valid() {
		t.Error("a bad torrent is valid")
	}
	s := New(5)
	put(t, s, bad)
	got, _ := s.Get(bad.Hash)
	if !got.Valid() {
		t.Errorf("the State holds an invalid torrent: %+v", got)
	}
	if len(got.Name) != MaxName/3*3 || !utf8.ValidString(got.Name) {
		t.Errorf("name has %d bytes", len(got.Name))
	}
	if got.ErrorText != "half a rune: \uFFFD" {
		t.Errorf("error text %q", got.ErrorText)
	}
	if len(got.Labels) != MaxLabels || got.Labels[0] != "l" || len(got.Labels[1]) > MaxLabel || got.Labels[2] != "bad \uFFFD" {
		t.Errorf("labels %q", got.Labels)
	}
	if len(got.Trackers) != MaxURLs || len(got.Trackers[0]) != MaxURL/3*3 || len(got.Dir) != MaxName/3*3 {
		t.Errorf("%d trackers, a folder of %d bytes", len(got.Trackers), len(got.Dir))
	}
	if got.Options != (Options{Priority: 1}) || got.Total != 0 || got.Files != 0 || got.Active != 0 || got.Seeded != 0 {
		t.Errorf("options %+v, figures %+v", got.Options, got)
	}
	if labels[1] != long {
		t.Error("the caller's labels were written to")
	}
	if got.Size != 0 || got.Queue != 0 || got.Metadata != Whole || got.Checked != Whole {
		t.Errorf("figures %+v", got)
	}
	v := s.Version()
	put(t, s, bad)
	if s.Version() != v {
		t.Error("the same bad torrent again is a change")
	}
}

func TestLimitsOfBox(t *testing.T) {
	s := New(5)
	session := Session{DaemonText: strings.Repeat("x", 2*MaxText), Version: "\xff", RPCVersion: -1}
	host := Host{DiskTotal: -1, DiskFree: -1, MemTotal: -1, MemUsed: -1, CPU: Whole + 1, NetDown: -1, NetUp: -1, Uptime: -1}
	var settings Settings
	for i := range reflect.TypeFor[Settings]().NumField() {
		switch v := reflect.ValueOf(&settings).Elem().Field(i); v.Kind() {
		case reflect.String:
			v.SetString(strings.Repeat("\xff", 2*MaxName))
		case reflect.Int32, reflect.Int64:
			v.SetInt(-1)
		case reflect.Uint8:
			v.SetUint(255)
		}
	}
	if session.Valid() || host.Valid() || settings.Valid() {
		t.Error("bad values are valid")
	}
	set := func(tx *Tx) error { tx.SetSession(session); tx.SetHost(host); tx.SetSettings(settings); return nil }
	if err := s.Update(set); err != nil {
		t.Fatal(err)
	}
	if got := s.Session(); len(got.DaemonText) != MaxText || got.Version != "\uFFFD" || got.RPCVersion != 0 {
		t.Errorf("session %+v", got)
	}
	if got := s.Host(); got != (Host{CPU: Whole}) {
		t.Errorf("host %+v", got)
	}
	got := s.Settings()
	if len(got.BlocklistURL) > MaxURL || len(got.DownloadDir) > MaxName || len(got.IncompleteDir) > MaxName || len(got.Encryption) > MaxText || !got.Valid() {
		t.Errorf("settings %+v", got)
	}
	got.BlocklistURL, got.DownloadDir, got.IncompleteDir, got.Encryption = "", "", "", ""
	if got != (Settings{AltDays: 127}) {
		t.Errorf("settings %+v", got)
	}
	v := s.Version()
	if err := s.Update(set); err != nil || s.Version() != v {
		t.Errorf("the same again is a change (%v)", err)
	}
}
