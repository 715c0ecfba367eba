package configs_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"offing/configs"
)

type settings struct {
	Listen string     `toml:"listen"`
	State  string     `toml:"state,omitempty"`
	Hosts  []string   `toml:"hosts"`
	Port   uint16     `toml:"port"`
	Share  float64    `toml:"share"`
	Debug  bool       `toml:"debug"`
	Inner  string     `toml:"-"`
	Level  slog.Level `toml:"log_level"`
	Tor    tor        `toml:"tor"`
	Poll   *poll      `toml:"poll"`
	Boxes  []box      `toml:"box"`
	hidden string
}

type tor struct {
	Binary  string   `toml:"binary"`
	Bridges []string `toml:"bridges"`
}

type poll struct {
	Active configs.Duration `toml:"active"`
	Idle   configs.Duration `toml:"idle"`
}

type box struct {
	Name string `toml:"name"`
}

func defaults() settings {
	return settings{
		Listen: "127.0.0.1:8080",
		Hosts:  []string{"localhost", "offing.lan"},
		Poll:   &poll{Active: configs.Duration(time.Second), Idle: configs.Duration(time.Minute)},
		hidden: "kept",
	}
}

// load writes text to a file of a fixed name, so that errors can be compared.
func load(t *testing.T, text string, into any) error {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("offing.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return configs.Load("offing.toml", into)
}

func TestLoadKeepsDefaultsOfAbsentKeys(t *testing.T) {
	got := defaults()
	err := load(t, `
hosts = ["one"]          # replaces the default, does not add to it
tor.binary = "/usr/bin/tor"
[poll]
active = "500ms"
[[box]]
name = "a"
[[box]]
name = "b"
`, &got)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Hosts = []string{"one"}
	want.Tor.Binary = "/usr/bin/tor"
	want.Poll.Active = configs.Duration(500 * time.Millisecond)
	want.Boxes = []box{{"a"}, {"b"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestLoadFaults(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"mistyped key":        {"\n\nlisen = \"x\"\n", `offing.toml:3: unknown key "lisen": did you mean "listen"?`},
		"swapped letters":     {"satte = \"x\"\n", `offing.toml:1: unknown key "satte": did you mean "state"?`},
		"wrong case":          {"Listen = \"x\"\n", `offing.toml:1: unknown key "Listen": did you mean "listen"?`},
		"key in a table":      {"[tor]\nbinry = \"x\"\n", `offing.toml:2: unknown key "tor.binry": did you mean "tor.binary"?`},
		"table forgotten":     {"binary = \"x\"\n", `offing.toml:1: unknown key "binary": did you mean "tor.binary"?`},
		"key below a header":  {"[tor]\nlisten = \"x\"\n", `offing.toml:2: unknown key "tor.listen": did you mean "listen"?`},
		"mistyped table":      {"[tro]\nbinary = \"x\"\nno = 1\n", `offing.toml:1: unknown key "tro": did you mean "tor"?`},
		"dotted key":          {"tor.binry = \"x\"\n", `offing.toml:1: unknown key "tor.binry": did you mean "tor.binary"?`},
		"inline table":        {"tor = { binry = \"x\" }\n", `offing.toml:1: unknown key "tor.binry": did you mean "tor.binary"?`},
		"nothing near":        {"[poll]\nwatermelon = 1\n", `offing.toml:2: unknown key "poll.watermelon": the keys here are active, idle`},
		"hidden field":        {"hidden = \"x\"\n", `offing.toml:1: unknown key "hidden": the keys here are box, debug, hosts, listen, log_level, poll, port, share, state, tor`},
		"field without a key": {"Inner = \"x\"\n", `offing.toml:1: unknown key "Inner": the keys here are box, debug, hosts, listen, log_level, poll, port, share, state, tor`},
		"array of tables":     {"[[box]]\nname = \"a\"\n[[box]]\nnam = \"b\"\n", `offing.toml:4: unknown key "box.nam": did you mean "box.name"?`},

		"string wanted":         {"listen = 8080\n", `offing.toml:1: "listen": want a string in quotes, not a whole number`},
		"number wanted":         {"port = \"8080\"\n", `offing.toml:1: "port": want a whole number, not a string`},
		"boolean wanted":        {"debug = \"yes\"\n", `offing.toml:1: "debug": want true or false, not a string`},
		"fraction wanted":       {"share = true\n", `offing.toml:1: "share": want a number, not a boolean`},
		"list wanted":           {"hosts = \"a\"\n", `offing.toml:1: "hosts": want a list in brackets, not a string`},
		"list element":          {"hosts = [\n  \"a\",\n  7,\n]\n", `offing.toml:3: "hosts": want a string in quotes, not a whole number`},
		"table wanted":          {"tor = 1979-05-27\n", `offing.toml:1: "tor": want a table in brackets, not a date or time`},
		"header of a value":     {"[listen]\n", `offing.toml:1: "listen" is no table: want a string in quotes`},
		"below a value":         {"listen.on = 1\n", `offing.toml:1: "listen" is no table: want a string in quotes`},
		"single brackets":       {"[box]\nname = \"a\"\n", `offing.toml:1: want tables in double brackets for "box"`},
		"double brackets":       {"[[tor]]\n", `offing.toml:1: want a table in brackets for "tor"`},
		"duration a number":     {"poll.idle = 45\n", `offing.toml:1: "poll.idle": want a string in quotes, not a whole number`},
		"duration without unit": {"poll.idle = \"45\"\n", `offing.toml:1: "poll.idle": want a length of time such as "500ms", "45s" or "5m", not "45"`},
		"duration negative":     {"poll.idle = \"-45s\"\n", `offing.toml:1: "poll.idle": want a length of time that is not negative`},
		"level of the log":      {"log_level = \"loud\"\n", `offing.toml:1: "log_level": want debug, info, warn or error, not "loud"`},
		"out of range":          {"\nport = 99999\n", "offing.toml:2: "},
		"set twice":             {"port = 1\nport = 2\n", "offing.toml:2: "},
		"not TOML":              {"port = 1\nlisten = \"\n", "offing.toml:2: "},
	} {
		t.Run(name, func(t *testing.T) {
			s := defaults()
			err := load(t, c.text, &s)
			if err == nil {
				t.Fatal("no error")
			}
			if partial := strings.HasSuffix(c.want, ": "); !partial && err.Error() != c.want || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %s\nwant %s", err, c.want)
			}
		})
	}
}

func TestLoadReportsAllFaultsTogether(t *testing.T) {
	s := defaults()
	err := load(t, "lisen = 1\nport = true\n[tor]\nbinary = 3\nbrigdes = []\n", &s)
	want := `offing.toml:1: unknown key "lisen": did you mean "listen"?
offing.toml:2: "port": want a whole number, not a boolean
offing.toml:4: "tor.binary": want a string in quotes, not a whole number
offing.toml:5: unknown key "tor.brigdes": did you mean "tor.bridges"?`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestLoadOfNoFile(t *testing.T) {
	err := configs.Load(filepath.Join(t.TempDir(), "absent.toml"), new(settings))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "copy the example") {
		t.Errorf("the error does not say what to do: %v", err)
	}
}

func TestLoadRefusesWhatIsNoConfiguration(t *testing.T) {
	if err := load(t, strings.Repeat("# a long file\n", 100_000), new(settings)); err == nil {
		t.Error("a file of more than a megabyte was read")
	}
	if err := configs.Load(t.TempDir(), new(settings)); err == nil {
		t.Error("a folder was read")
	}
	for _, into := range []any{nil, settings{}, (*settings)(nil), new(int)} {
		if err := load(t, "", into); err == nil {
			t.Errorf("read into %T", into)
		}
	}
}

func TestKeys(t *testing.T) {
	want := []string{
		"box", "box.name", "debug", "hosts", "listen", "log_level", "poll", "poll.active", "poll.idle",
		"port", "share", "state", "tor", "tor.binary", "tor.bridges",
	}
	if got := configs.Keys(settings{}); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
