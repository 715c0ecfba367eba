package rpc

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"offing/controller/internal/control"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/state"
)

// remotes returns transmission-remote of both generations. One that is missing fails
// the test: a client that nobody tests is not supported.
func remotes(t *testing.T) map[string]string {
	t.Helper()
	daemon := os.Getenv("OFFING_TRANSMISSION_41") // set by scripts/test
	if daemon == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		daemon = filepath.Join(cache, "offing", "transmission-4.1", "bin", "transmission-daemon")
	}
	newer := filepath.Join(filepath.Dir(daemon), "transmission-remote")
	older, err := exec.LookPath("transmission-remote")
	if _, missing := os.Stat(newer); err != nil || missing != nil {
		t.Fatalf("transmission-remote of 3.00 or of 4.1 is missing (%v, %v): install Debian 12's package transmission-cli, and run `. scripts/lib.sh && need_transmission_41`", err, missing)
	}
	return map[string]string{"3.00": older, "4.1": newer}
}

// detailOf are details of sample(n).
func detailOf(n int) state.Detail {
	return state.Detail{
		Hash: hashOf(n),
		Files: []state.File{
			{Name: "Linux/a.iso", Size: 400_000, Have: 400_000, Wanted: true},
			{Name: "Linux/b.iso", Size: 600_000, Have: 350_000, Wanted: true, Priority: 1},
			{Name: "Linux/c.txt", Size: 200_000, Priority: -1},
		},
		Peers:    []state.Peer{{Address: "198.51.100.7:51413", Client: "Transmission 4.0", Progress: 9000, RateDown: 5000, Flags: "DEI", Encrypted: true, Incoming: true}},
		Trackers: []state.Tracker{{Announce: "https://tracker.example.org/abcdef0123456789abcdef/announce", State: state.TrackerWaiting, Result: "Success", Seeders: 12, Leechers: 3, Next: 1_900_000_000}},
		Pieces:   state.Pieces{Count: 12, Size: 100_000, Have: []byte{0xf0, 0x00}},
		Comment:  "a comment", Creator: "mktorrent", Created: 1_600_000_000, Dir: "/srv/torrents", Have: 700_000, Unchecked: 50_000, Downloading: 60,
	}
}

// Both generations of transmission-remote say and do what their users want.
func TestTransmissionRemote(t *testing.T) {
	for generation, program := range remotes(t) {
		t.Run(generation, func(t *testing.T) { testRemote(t, program) })
	}
}

func testRemote(t *testing.T, program string) {
	h := newHouse(t)
	h.put("attic", "anna", sample(1), sample(2))
	h.put("attic", "ben", sample(3))
	h.details[owners.Key{Box: "attic", Hash: hashOf(1)}] = detailOf(1)
	h.details[owners.Key{Box: "attic", Hash: hashOf(2)}] = detailOf(2)
	h.ok("anna-token", "torrent-get", m{"fields": []string{"id"}}) // numbers
	h.question = func(command.Command) (command.Result, error) {
		open := true
		return command.Result{Open: &open}, nil
	}
	h.answer = func(r control.Request) control.Order {
		o := control.Order{State: control.Done, Box: "attic"}
		if r.Command.Kind == command.Add {
			h.grants[owners.Key{Box: "attic", Hash: hashOf(8)}] = []owners.Grant{{User: "anna", Access: owners.Own}}
			o.Result.Added = &command.Added{Hash: hashOf(8), Name: "new"}
		}
		return o
	}
	file := filepath.Join(t.TempDir(), "a.torrent")
	if err := os.WriteFile(file, []byte("d4:infodee"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := h.serve(t)
	run := func(token string, args ...string) string {
		args = append([]string{server.URL + "/transmission/", "-n", string(people[token].User) + ":" + token}, args...)
		out, _ := exec.CommandContext(t.Context(), program, args...).CombinedOutput() // whether it went well its words say
		return string(out)
	}
	for _, c := range []struct {
		args string
		want []string // in the output
		done string   // the last thing that was done, as JSON, without its torrents
	}{
		{"-l", []string{"Linux 1", "Linux 2", "75"}, ""},
		{"-t 1 -i", []string{"Linux 1", "/srv/torrents", "a comment", "mktorrent", hashOf(1).String()}, ""},
		{"-t 1 -if", []string{"Linux/a.iso", "Linux/b.iso", "100%", "High"}, ""},
		{"-t 1 -it", []string{"tracker.example.org", "12 seeders"}, ""},
		{"-t 1 -ip", []string{"198.51.100.7", "Transmission 4.0"}, ""},
		{"-t 1 -ic", []string{"1111"}, ""},
		{"-si", []string{"4.0.6 (offing)", "/srv/torrents"}, ""},
		{"-st", []string{"TOTAL"}, ""},
		{"-t 1 -s", []string{"success"}, `{"do":"start"}`},
		{"-t 1,2 -S", []string{"success"}, `{"do":"stop"}`},
		{"-t all -S", []string{"success"}, `{"do":"stop"}`},
		{"-t 1 -v", []string{"success"}, `{"do":"verify"}`},
		{"-t 1 --reannounce", []string{"success"}, `{"do":"reannounce"}`},
		{"-t 1 -g 0,2", []string{"success"}, `{"do":"change","change":{"want":[0,2]}}`},
		{"-t 1 -G all", []string{"success"}, `{"do":"change","change":{"skip":[-1]}}`},
		{"-t 1 -ph 1", []string{"success"}, `{"do":"change","change":{"high":[1]}}`},
		{"-t 1 -L a,b", []string{"success"}, `{"do":"change","change":{"labels":["a","b"]}}`},
		{"-t 1 -d 50", []string{"success"}, `{"do":"change","change":{"down_limit":50000,"down_limited":true}}`},
		{"-t 1 -sr 2.5", []string{"success"}, `{"do":"change","change":{"ratio_mode":1,"ratio_limit":25000}}`},
		{"-t 1 -Bh", []string{"success"}, `{"do":"change","change":{"priority":1}}`},
		{"-t 1 -td http://a.example/announce", []string{"success"}, `{"do":"change","change":{"add_trackers":["http://a.example/announce"]}}`},
		{"-t 1 --move /srv/torrents/b", []string{"success"}, `{"do":"move","move":{"dir":"/srv/torrents/b"}}`},
		{"-t 1 --find /srv/torrents/b", []string{"success"}, `{"do":"move","move":{"dir":"/srv/torrents/b","find":true}}`},
		{"-t 1 --path Linux/a.iso --rename c.iso", []string{"success"}, `{"do":"rename","rename":{"path":"Linux/a.iso","name":"c.iso"}}`},
		{"-a magnet:?xt=urn:btih:0123456789012345678901234567890123456789 -w /srv/torrents/b", []string{"success"},
			`{"do":"add","add":{"magnet":"magnet:?xt=urn:btih:0123456789012345678901234567890123456789","dir":"/srv/torrents/b"}}`},
		{"-a " + file, []string{"success"}, `{"do":"add","add":{"metainfo":"ZDQ6aW5mb2RlZQ=="}}`},
		{"-t 1 -r", []string{"success"}, `{"do":"remove","remove":{}}`},
		{"-t 1 --remove-and-delete", []string{"success"}, `{"do":"remove","remove":{"data":true}}`},
		{"--exit", []string{"not closed from here"}, ""},
		{"-as", []string{"only an administrator"}, ""},
	} {
		h.forgetDone()
		args := strings.Fields(c.args)
		if option := " --rename "; strings.Contains(c.args, option) && remoteLacks(t, program, strings.TrimSpace(option)) {
			continue
		}
		out := run("anna-token", args...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", c.args, want, out)
			}
		}
		if strings.Contains(out, "Linux 3") {
			t.Errorf("%s tells of another's torrent", c.args)
		}
		if got := h.lastDone(); got != c.done {
			t.Errorf("%s: did %s, want %s", c.args, got, c.done)
		}
	}
	if out := run("ada-token", "-d", "200"); !strings.Contains(out, "success") || h.lastDone() != `{"do":"configure","settings":{"down_limit":200000,"down_limited":true}}` {
		t.Errorf("a limit of all: %s %s", out, h.lastDone())
	}
	if out := run("ada-token", "-pt"); !strings.Contains(out, "Yes") {
		t.Errorf("the port's test: %s", out)
	}
	if out := run("anna-read", "-t", "1", "-S"); !strings.Contains(out, "wider scope") {
		t.Errorf("with a token for reading: %s", out)
	}
}

// remoteLacks tells whether a generation does not know an option.
func remoteLacks(t *testing.T, program, option string) bool {
	out, _ := exec.CommandContext(t.Context(), program, "--help").CombinedOutput()
	return !strings.Contains(string(out), option)
}

// lastDone is the last thing that was done, as JSON.
func (h *house) lastDone() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.asked) == 0 {
		return ""
	}
	text, err := json.Marshal(h.asked[len(h.asked)-1].Command)
	if err != nil {
		return err.Error()
	}
	return strings.Replace(string(text), `"id":"00000000000000000000000000000000",`, "", 1)
}

func (h *house) forgetDone() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = nil
}
