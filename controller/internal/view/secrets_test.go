package view

import (
	"strings"
	"testing"
	"time"

	"offing/controller/internal/hub"
	"offing/controller/internal/owners"
)

// What is told to those with whom a torrent is shared, of what a private tracker
// may have written.
func TestTextFor(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "Success": "Success", "No data found! Ensure your drives are connected": "No data found! Ensure your drives are connected",
		"unregistered torrent":                              "unregistered torrent",
		"see " + secretURL + ", please":                     "see https://tracker.example please",
		"<" + secretURL + ">":                               "<https://tracker.example>",
		"HTTP://anna:pw@t.example:81/x?passkey=1":           "http://t.example:81",
		"udp://%zz/0123456789abcdef":                        "",
		"unknown passkey 0123456789abcdef0123456789abcdef":  "unknown passkey …",
		"the administrator of internationalization says no": "the administrator of internationalization says no",
	} {
		for _, access := range []owners.Access{owners.See, owners.Act} {
			if got := textFor(text, access); got != want {
				t.Errorf("%q is told as %q, want %q", text, got, want)
			}
		}
		if got := textFor(text, owners.Own); got != text {
			t.Errorf("an owner is told %q of %q", got, text)
		}
	}
}

// A tracker's secret is in none of the texts that a torrent has, at none of the
// doors, until the torrent is one's own.
func TestTextsKeepSecrets(t *testing.T) {
	opened(t, eve, func(w *world, f hub.Feed) {
		d := scene()
		d.Comment, d.Creator, d.Trackers[0].Result = "made at "+secretURL, secretURL, "bad key: "+secretURL
		w.say(d)
		failed := full()
		failed.ErrorText = "tracker: " + secretURL
		put(t, w.src.boxes[0].State, failed)
		list := w.feed(t, eve, TopicTorrents)
		details, rows := f.Since(nil), w.since(list, nil)
		told := func(parts ...[]byte) string {
			var text strings.Builder
			for _, p := range parts {
				text.Write(p)
			}
			if boxes := w.Boxes(eve); len(boxes) == 1 {
				got, _ := boxes[0].State.Get(failed.Hash)
				text.WriteString(got.ErrorText)
			}
			return text.String()
		}
		if text := told(append(details.Parts, rows.Parts...)...); strings.Contains(text, "abcdef") || strings.Count(text, "https://tracker.example") != 6 {
			t.Errorf("eve is told %s", text)
		}
		time.Sleep(time.Second)
		d.Comment = "now at " + secretURL
		w.say(d)
		failed.ErrorText = "again: " + secretURL
		put(t, w.src.boxes[0].State, failed)
		details, rows = f.Since(details.Mark), w.since(list, rows.Mark)
		if text := told(append(details.Parts, rows.Parts...)...); details.Reset || rows.Reset || strings.Contains(text, "abcdef") {
			t.Errorf("then eve is told %s", text)
		}
		w.give(key("demo", failed.Hash), failed.Added, eve, owners.Own)
		details, rows = f.Since(details.Mark), w.since(list, rows.Mark)
		if text := told(append(details.Parts, rows.Parts...)...); strings.Count(text, secretURL) != 6 {
			t.Errorf("an owner is told %s", text)
		}
		w.give(key("demo", failed.Hash), failed.Added, eve, owners.See)
		if rows = w.since(list, rows.Mark); strings.Contains(string(rows.Parts[0]), "abcdef") || !strings.Contains(string(rows.Parts[0]), `"error"`) {
			t.Errorf("an owner no longer is told %s", rows.Parts)
		}
	})
}

// Whoever added what the box had already owns it, folder included, but is told no
// secret of its tracker at any door.
func TestJoinedOwnersReadNoSecrets(t *testing.T) {
	opened(t, eve, func(w *world, f hub.Feed) {
		k := key("demo", full().Hash)
		failed := full()
		failed.ErrorText, failed.Trackers, failed.Dir = "tracker: "+secretURL, []string{secretURL}, "/hers"
		put(t, w.src.boxes[0].State, failed)
		d := scene()
		d.Comment, d.Trackers[0].Announce = "at "+secretURL, secretURL
		w.say(d)
		list := w.feed(t, eve, TopicTorrents)
		for joined, secrets := range map[bool]bool{true: false, false: true} {
			w.give(k, failed.Added, eve, owners.Own)
			w.given.mu.Lock()
			for i, g := range w.grants[k] {
				w.grants[k][i].Joined = g.User == eve.User && joined
			}
			w.given.mu.Unlock()
			w.given.watch(k)
			var text strings.Builder
			for _, p := range append(f.Since(nil).Parts, w.since(list, nil).Parts...) {
				text.Write(p)
			}
			row, _ := w.Row(eve, k)
			mine := w.Boxes(eve)[0].State
			got, _ := mine.Get(failed.Hash)
			text.WriteString(got.ErrorText + strings.Join(got.Trackers, " ") + row.Error)
			if row.Dir != failed.Dir { // content is found by it
				t.Errorf("joined %v: the folder %q", joined, row.Dir)
			}
			if strings.Contains(text.String(), "abcdef") != secrets || !strings.Contains(text.String(), `"access":"own"`) || !strings.Contains(text.String(), `"dir":"`+d.Dir) {
				t.Errorf("joined %v: eve is told %s", joined, &text)
			}
		}
	})
}
