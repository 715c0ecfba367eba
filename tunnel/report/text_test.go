package report_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"offing/tunnel/report"
	"offing/tunnel/state"
)

var update = flag.Bool("update", false, "write the golden files")

var now = time.Date(2031, 5, 17, 12, 0, 0, 0, time.UTC)

// scene is a box in which a bit of everything happens.
func scene() *report.Box {
	hash := func(n byte) state.Hash { return state.Hash{n} }
	torrents := []state.Torrent{
		{Hash: hash(1), Name: "debian-12.7.0-amd64-netinst.iso", Status: state.Downloading, Size: 663e6, Left: 243e6, RateDown: 4_210_000, RateUp: 12_400, Downloaded: 420e6, Peers: 14},
		{Hash: hash(2), Name: "Sintel (2010) 4K — 音楽とともに, a name that goes on for longer than a line of the terminal has room", Status: state.Seeding, Size: 5e9, RateUp: 310_000, Downloaded: 5e9, Uploaded: 12e9},
		{Hash: hash(3), Name: "checked.tar", Status: state.Checking, Checked: 4215, Size: 1e9},
		{Hash: hash(4), Name: "waiting", Status: state.DownloadQueued, Size: 1e9, Left: 1e9},
		{Hash: hash(5), Name: "lost", Status: state.Stopped, Error: state.LocalError, ErrorText: "No data found! Ensure your drives are connected", Size: 1e9, Left: 1e9},
		{Hash: hash(6), Name: "lonely", Status: state.Seeding, Error: state.TrackerError, ErrorText: "unregistered torrent", Size: 42},
	}
	return report.Status(filled(torrents, state.Session{Daemon: state.DaemonOK, Version: "3.00 (bb6b5a062e)"}), now)
}

func filled(torrents []state.Torrent, session state.Session) *state.State {
	s := state.New(1)
	err := s.Update(func(tx *state.Tx) error {
		for i := range torrents {
			tx.Put(&torrents[i])
		}
		tx.SetSession(session)
		tx.SetHost(state.Host{DiskTotal: 500e9, DiskFree: 120e9})
		return nil
	})
	if err != nil {
		panic(err)
	}
	s.Touch(now.Add(-400 * time.Millisecond))
	return s
}

func atHome(line report.Line) *report.Box {
	b := scene()
	b.Box, b.Line = "demo", &line
	return b
}

func TestWriteText(t *testing.T) {
	up := report.Line{State: "up", Since: now.Add(-2*time.Hour - 14*time.Minute), RTTMS: 312}
	down := atHome(report.Line{
		State: "down", Since: now.Add(-3 * time.Minute), Code: "onion-not-found",
		Reason: "no directory knows the box's address: is the agent running, and is its machine on? If it has just started, wait a minute.",
	})
	down.AgeMS = 185_000
	down.Trouble = append([]string{down.Line.Reason}, down.Trouble...) // as the controller does
	many := atHome(up)
	many.More = 7
	unknown := report.Status(state.New(2), now)
	unknown.Box, unknown.Line = "new", &report.Line{State: "starting", Since: now}

	for name, c := range map[string]struct {
		box *report.Box
		o   report.TextOptions
	}{
		"up-80":   {atHome(up), report.TextOptions{Width: 80}},
		"up-120":  {atHome(up), report.TextOptions{Width: 120}},
		"up-50":   {atHome(up), report.TextOptions{Width: 50}},
		"least":   {atHome(up), report.TextOptions{Width: 1}},
		"ascii":   {atHome(up), report.TextOptions{Width: 80, ASCII: true}},
		"color":   {atHome(up), report.TextOptions{Width: 80, Color: true}},
		"rows":    {many, report.TextOptions{Width: 80, MaxRows: 5}},
		"down":    {down, report.TextOptions{Width: 80}},
		"agent":   {scene(), report.TextOptions{}},
		"unknown": {unknown, report.TextOptions{Width: 80}},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Now = now
			var out bytes.Buffer
			if err := c.box.WriteText(&out, c.o); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
			checkLines(t, out.String(), max(c.o.Width, 40), c.o)
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it):\n%s\nwant\n%s", path, got, want)
	}
}

var colours = regexp.MustCompile("\x1b\\[[0-9]{1,2}m")

// checkLines holds any text to what a terminal needs of it.
func checkLines(t *testing.T, text string, width int, o report.TextOptions) {
	t.Helper()
	if o.Color {
		text = colours.ReplaceAllString(text, "")
	}
	if o.Width == 0 {
		width = 80
	}
	measure := runewidth.Condition{StrictEmojiNeutral: true}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := measure.StringWidth(line); n > width {
			t.Errorf("%d columns, want at most %d: %q", n, width, line)
		}
		for _, r := range line {
			if !unicode.IsPrint(r) || o.ASCII && r > unicode.MaxASCII {
				t.Errorf("character %U in %q", r, line)
			}
		}
	}
}

// TestForeignNames is an attack: a torrent's name, a tracker's answer and a
// daemon's version try to move the cursor, set the title, break the line and
// turn the direction of the text.
func TestForeignNames(t *testing.T) {
	evil := "a\x1b[2J\x1b]0;owned\x07\rb\nc\u202egnp.exe\u2066\u200b\u009b31m\x00\xff"
	b := report.List(filled([]state.Torrent{
		{Hash: state.Hash{1}, Name: evil, Status: state.Stopped, Error: state.LocalError, ErrorText: evil, Size: 1},
		{Hash: state.Hash{2}, Name: strings.Repeat("e\u0301\u0301\u0301\u0301", 5000), Size: 1},
	}, state.Session{Daemon: state.DaemonUnsupported, DaemonText: evil, Version: evil}), now)
	b.Box, b.Line = evil, &report.Line{State: evil, Reason: evil, Since: now}
	for _, o := range []report.TextOptions{{Now: now}, {Now: now, ASCII: true}, {Now: now, Color: true}, {Now: now, Width: 400}} {
		var out bytes.Buffer
		if err := b.WriteText(&out, o); err != nil {
			t.Fatal(err)
		}
		checkLines(t, out.String(), max(o.Width, 40), o)
		if out.Len() > 20_000 {
			t.Errorf("two torrents take %d bytes", out.Len())
		}
	}
	for _, sentence := range b.Trouble {
		checkLines(t, sentence, 10_000, report.TextOptions{Width: 10_000})
	}
}

func FuzzWriteText(f *testing.F) {
	f.Add("name", "error", 80, false)
	f.Add("\x1b[31m", "\u202e", 0, true)
	f.Add("音楽\u200d👩‍👩‍👧", "\xff\xfe", 41, false)
	f.Fuzz(func(t *testing.T, name, text string, width int, ascii bool) {
		b := report.Box{
			Box: name, Line: &report.Line{State: "down", Reason: text},
			Trouble:  []string{text},
			Torrents: []report.Torrent{{Name: name, Error: text, State: text, Progress: float64(width), ETA: int64(width)}},
		}
		o := report.TextOptions{Width: min(width, 500), ASCII: ascii, Now: now}
		var out bytes.Buffer
		if err := b.WriteText(&out, o); err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(out.Bytes()) {
			t.Error("invalid UTF-8")
		}
		o.Width = max(o.Width, 0)
		checkLines(t, out.String(), max(o.Width, 40), o)
	})
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteTextReportsTheWriter(t *testing.T) {
	if err := scene().WriteText(brokenPipe{}, report.TextOptions{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}

func TestExitStatus(t *testing.T) {
	well := filled(nil, state.Session{Daemon: state.DaemonOK})
	for name, c := range map[string]struct {
		change func(*report.Box)
		want   int
	}{
		"well":               {func(*report.Box) {}, 0},
		"well, seen at home": {func(b *report.Box) { b.Line = &report.Line{State: "up"} }, 0},
		"trouble":            {func(b *report.Box) { b.Trouble = []string{"the disk is nearly full"} }, 1},
		"daemon not asked":   {func(b *report.Box) { b.Daemon.State = "unknown" }, 1},
		"connecting":         {func(b *report.Box) { b.Line = &report.Line{State: "connecting"} }, 2},
		"down in trouble":    {func(b *report.Box) { b.Line, b.Trouble = &report.Line{State: "down"}, []string{"x"} }, 2},
	} {
		b := report.Status(well, now)
		c.change(b)
		if got := b.ExitStatus(); got != c.want {
			t.Errorf("%s: exit status %d, want %d", name, got, c.want)
		}
	}
}

func TestTrouble(t *testing.T) {
	lost := func(n byte) state.Torrent {
		return state.Torrent{Hash: state.Hash{n}, Name: fmt.Sprintf("lost-%d", n), Error: state.LocalError, ErrorText: "No data found!", Size: 1}
	}
	refused := state.Torrent{Hash: state.Hash{9}, Name: "refused", Error: state.TrackerError, ErrorText: "unregistered", Size: 1}
	for name, c := range map[string]struct {
		torrents []state.Torrent
		session  state.Session
		want     []string
	}{
		"none":              {nil, state.Session{Daemon: state.DaemonOK}, []string{}},
		"a tracker's only":  {[]state.Torrent{refused}, state.Session{Daemon: state.DaemonOK}, []string{}},
		"one torrent":       {[]state.Torrent{refused, lost(1)}, state.Session{Daemon: state.DaemonOK}, []string{"1 torrent has an error on the box: lost-1: No data found!"}},
		"several":           {[]state.Torrent{lost(2), lost(1), lost(3)}, state.Session{Daemon: state.DaemonOK}, []string{"3 torrents have an error on the box, the first: lost-1: No data found!"}},
		"the daemon itself": {nil, state.Session{Daemon: state.DaemonUnreachable, DaemonText: "start it"}, []string{"start it"}},
	} {
		if got := report.List(filled(c.torrents, c.session), now).Trouble; fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	full := filled(nil, state.Session{Daemon: state.DaemonOK})
	if err := full.Update(func(tx *state.Tx) error { tx.SetHost(state.Host{DiskTotal: 100e9, DiskFree: 1e9}); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := report.List(full, now).Trouble; len(got) != 1 || got[0] != "the disk is nearly full: 1.0 GB free" {
		t.Errorf("full disk: %q", got)
	}
}

// TestStatusIsBounded: a status leaves torrents out, a list does not.
func TestStatusIsBounded(t *testing.T) {
	var torrents []state.Torrent
	for i := range 60 {
		torrents = append(torrents, state.Torrent{Hash: state.Hash{byte(i)}, Name: fmt.Sprintf("%02d", i), Size: 1})
	}
	torrents[59].RateUp = 1
	s := filled(torrents, state.Session{Daemon: state.DaemonOK})
	status, list := report.Status(s, now), report.List(s, now)
	if len(status.Torrents) != 50 || status.More != 10 || len(list.Torrents) != 60 || list.More != 0 {
		t.Errorf("status has %d and %d more, list %d and %d more", len(status.Torrents), status.More, len(list.Torrents), list.More)
	}
	if status.Torrents[0].Name != "59" || status.Torrents[1].Name != "00" {
		t.Errorf("what moves is not first: %q, %q", status.Torrents[0].Name, status.Torrents[1].Name)
	}
	if status.AgeMS != 400 {
		t.Errorf("age is %d ms, want 400", status.AgeMS)
	}
}
