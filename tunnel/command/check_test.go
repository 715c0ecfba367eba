package command

import (
	"errors"
	"strings"
	"testing"

	"offing/tunnel/state"
)

func ptr[T any](v T) *T { return &v }

const (
	someHash   = "0123456789abcdef0123456789abcdef01234567"
	someMagnet = "magnet:?xt=urn:btih:" + someHash
)

// one is a command about one torrent.
func one(k Kind, change func(*Command)) Command {
	c := Command{ID: ID{1}, Kind: k, Torrents: []state.Hash{{1}}}
	if change != nil {
		change(&c)
	}
	return c
}

func changed(v Changes) Command { return one(Change, func(c *Command) { c.Change = &v }) }

func moved(dir string) Command { return one(Move, func(c *Command) { c.Move = &Moving{Dir: dir} }) }

func renamed(path, name string) Command {
	return one(Rename, func(c *Command) { c.Rename = &Renaming{path, name} })
}

func added(v Addition) Command { return Command{ID: ID{1}, Kind: Add, Add: &v} }

func set(v NewSettings) Command { return Command{ID: ID{1}, Kind: Configure, Settings: &v} }

func TestCheckTakes(t *testing.T) {
	for name, c := range map[string]Command{
		"start": one(Start, nil), "start now": one(StartNow, nil), "stop": one(Stop, nil), "verify": one(Verify, nil),
		"reannounce": one(Reannounce, nil), "top": one(QueueTop, nil), "up": one(QueueUp, nil), "down": one(QueueDown, nil), "end": one(QueueEnd, nil),
		"remove":      one(Remove, func(c *Command) { c.Remove = &Removal{} }),
		"move":        moved("films/new"),
		"move abs":    moved("/srv/torrents/..films/a..b"),
		"rename":      renamed("a/b.mkv", "c ütf.mkv"),
		"labels":      changed(Changes{Labels: &[]string{"tv", "a b"}}),
		"no labels":   changed(Changes{Labels: &[]string{}}),
		"limits":      changed(Changes{DownLimit: ptr(int64(0)), UpLimited: ptr(false), RatioMode: ptr(state.LimitNone), Priority: ptr(int8(-1))}),
		"files":       changed(Changes{Skip: []int32{AllFiles}, Want: []int32{0, state.MaxFiles - 1}}),
		"trackers":    changed(Changes{AddTrackers: []string{"udp://tracker.example:6969/announce", "https://t.example/secret/announce"}}),
		"magnet":      added(Addition{Magnet: someMagnet + "&dn=x&tr=http%3A%2F%2Ft.example"}),
		"base32":      added(Addition{Magnet: "magnet:?dn=x&xt=urn:btih:" + strings.Repeat("aB23", 8)}),
		"upper case":  added(Addition{Magnet: "magnet:?xt=URN:BTIH:" + strings.ToUpper(someHash)}),
		"escaped":     added(Addition{Magnet: "magnet:?xt=urn%3Abtih%3A" + someHash}),
		"hybrid":      added(Addition{Magnet: "magnet:?xt=urn:btmh:1220" + strings.Repeat("a", 64) + "&xt=urn:btih:" + someHash}),
		"file":        added(Addition{Metainfo: []byte("de"), Dir: "films", Changes: &Changes{Labels: &[]string{"tv"}}}),
		"url":         added(Addition{URL: "https://example.org/a.torrent?passkey=x", Cookies: "uid=1; pass=2"}),
		"settings":    set(NewSettings{AltDays: ptr(uint8(127)), AltBegin: ptr(int32(1439)), Encryption: ptr("required"), BlocklistURL: ptr("")}),
		"free space":  {ID: ID{1}, Kind: FreeSpace, Dir: "films"},
		"of the top":  {ID: ID{1}, Kind: FreeSpace},
		"test port":   {ID: ID{1}, Kind: TestPort},
		"blocklist":   {ID: ID{1}, Kind: Blocklist},
		"as many can": one(Stop, func(c *Command) { c.Torrents = manyTorrents(MaxTorrents) }),
	} {
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyTorrents(n int) []state.Hash {
	hashes := make([]state.Hash, n)
	for i := range hashes {
		hashes[i] = state.Hash{byte(i), byte(i >> 8), byte(i >> 16), 7}
	}
	return hashes
}

func TestCheckRefuses(t *testing.T) {
	long := strings.Repeat("a", 5000)
	for name, c := range map[string]struct {
		command Command
		code    FaultCode
	}{
		"nothing":               {Command{}, BadCommand},
		"no id":                 {Command{Kind: TestPort}, BadCommand},
		"unknown":               {one("script-torrent-done", nil), BadCommand},
		"close":                 {Command{ID: ID{1}, Kind: "session-close"}, BadCommand},
		"no torrents":           {one(Stop, func(c *Command) { c.Torrents = nil }), NoTorrents},
		"empty torrents":        {one(Remove, func(c *Command) { c.Torrents = []state.Hash{}; c.Remove = &Removal{} }), NoTorrents},
		"twice":                 {one(Stop, func(c *Command) { c.Torrents = []state.Hash{{1}, {2}, {1}} }), BadCommand},
		"too many":              {one(Stop, func(c *Command) { c.Torrents = manyTorrents(MaxTorrents + 1) }), BadCommand},
		"torrents of none":      {one(TestPort, nil), BadCommand},
		"no part":               {one(Remove, nil), BadCommand},
		"another's part":        {one(Stop, func(c *Command) { c.Remove = &Removal{Data: true} }), BadCommand},
		"another's folder":      {one(Stop, func(c *Command) { c.Dir = "x" }), BadCommand},
		"two parts":             {one(Move, func(c *Command) { c.Move = &Moving{Dir: "x"}; c.Change = &Changes{Sequential: ptr(true)} }), BadCommand},
		"move nowhere":          {moved(""), BadPath},
		"move up":               {moved("films/../../etc"), BadPath},
		"move up alone":         {moved(".."), BadPath},
		"move nul":              {moved("a\x00b"), BadPath},
		"move newline":          {moved("a\nb"), BadPath},
		"move C1":               {moved("a\u0085b"), BadPath},
		"move broken":           {moved("a\xffb"), BadPath},
		"move long":             {moved(long), BadPath},
		"space up":              {Command{ID: ID{1}, Kind: FreeSpace, Dir: "../x"}, BadPath},
		"rename nothing":        {renamed("", "x"), BadPath},
		"rename abs":            {renamed("/etc/passwd", "x"), BadPath},
		"rename up":             {renamed("a/../b", "x"), BadPath},
		"rename to nothing":     {renamed("a", ""), BadName},
		"rename to a path":      {renamed("a", "b/c"), BadName},
		"rename to up":          {renamed("a", ".."), BadName},
		"rename to nul":         {renamed("a", "b\x00"), BadName},
		"rename to long":        {renamed("a", long[:256]), BadName},
		"rename two":            {one(Rename, func(c *Command) { c.Rename = &Renaming{"a", "b"}; c.Torrents = manyTorrents(2) }), BadCommand},
		"no change":             {changed(Changes{}), BadCommand},
		"empty change":          {changed(Changes{Want: []int32{}}), BadCommand},
		"label with a comma":    {changed(Changes{Labels: &[]string{"a,b"}}), BadCommand},
		"empty label":           {changed(Changes{Labels: &[]string{""}}), BadCommand},
		"label with a bell":     {changed(Changes{Labels: &[]string{"a\a"}}), BadCommand},
		"long label":            {changed(Changes{Labels: &[]string{long[:257]}}), BadCommand},
		"many labels":           {changed(Changes{Labels: ptr(strings.Split(strings.Repeat("a ", 65)+"a", " "))}), BadCommand},
		"negative limit":        {changed(Changes{DownLimit: ptr(int64(-1))}), BadCommand},
		"huge limit":            {changed(Changes{UpLimit: ptr(int64(1 << 62))}), BadCommand},
		"priority":              {changed(Changes{Priority: ptr(int8(2))}), BadCommand},
		"mode":                  {changed(Changes{IdleMode: ptr(state.LimitMode(3))}), BadCommand},
		"file -2":               {changed(Changes{Want: []int32{-2}}), BadCommand},
		"file beyond":           {changed(Changes{High: []int32{state.MaxFiles}}), BadCommand},
		"many files":            {changed(Changes{Low: make([]int32, state.MaxFiles+1)}), BadCommand},
		"files of two":          {one(Change, func(c *Command) { c.Change = &Changes{Want: []int32{1}}; c.Torrents = manyTorrents(2) }), BadCommand},
		"place of two":          {one(Change, func(c *Command) { c.Change = &Changes{Queue: ptr(int32(1))}; c.Torrents = manyTorrents(2) }), BadCommand},
		"tracker of a file":     {changed(Changes{AddTrackers: []string{"file:///etc/passwd"}}), BadCommand},
		"tracker of nobody":     {changed(Changes{ReplaceTrackers: []TrackerReplacement{{"http://a.example", "http:///x"}}}), BadCommand},
		"add nothing":           {added(Addition{}), BadCommand},
		"add two":               {added(Addition{Magnet: someMagnet, URL: "http://example.org/"}), BadCommand},
		"add no torrent":        {added(Addition{Metainfo: []byte("<html>")}), BadTorrent},
		"add much":              {added(Addition{Metainfo: append([]byte("d"), make([]byte, MaxMetainfo)...)}), BadTorrent},
		"add up":                {added(Addition{Magnet: someMagnet, Dir: "a/.."}), BadPath},
		"no magnet":             {added(Addition{Magnet: "http://example.org/"}), BadTorrent},
		"magnet of nothing":     {added(Addition{Magnet: "magnet:?dn=x"}), BadTorrent},
		"short hash":            {added(Addition{Magnet: someMagnet[:len(someMagnet)-1]}), BadTorrent},
		"no hash":               {added(Addition{Magnet: "magnet:?xt=urn:btih:" + strings.Repeat("g", 40)}), BadTorrent},
		"no base32":             {added(Addition{Magnet: "magnet:?xt=urn:btih:" + strings.Repeat("1", 32)}), BadTorrent},
		"long magnet":           {added(Addition{Magnet: someMagnet + "&tr=" + long}), BadTorrent},
		"magnet, newline":       {added(Addition{Magnet: someMagnet + "\n"}), BadTorrent},
		"v2":                    {added(Addition{Magnet: "magnet:?xt=urn:btmh:1220" + strings.Repeat("a", 64)}), Unsupported},
		"ftp":                   {added(Addition{URL: "ftp://example.org/a"}), BadCommand},
		"a path for a url":      {added(Addition{URL: "/etc/passwd"}), BadCommand},
		"file url":              {added(Addition{URL: "file:///etc/passwd"}), BadCommand},
		"url of nobody":         {added(Addition{URL: "http://:80/"}), BadCommand},
		"url with a user":       {added(Addition{URL: "http://me:secret@example.org/"}), BadCommand},
		"long url":              {added(Addition{URL: "http://example.org/" + long}), BadCommand},
		"cookies alone":         {added(Addition{Magnet: someMagnet, Cookies: "a=b"}), BadCommand},
		"cookies with a header": {added(Addition{URL: "http://example.org/", Cookies: "a=b\r\nHost: x"}), BadCommand},
		"add with a tracker":    {added(Addition{Magnet: someMagnet, Changes: &Changes{AddTrackers: []string{"http://a.example"}}}), BadCommand},
		"add with a place":      {added(Addition{Magnet: someMagnet, Changes: &Changes{Queue: ptr(int32(0))}}), BadCommand},
		"no settings":           {set(NewSettings{}), BadCommand},
		"port":                  {set(NewSettings{PeerPort: ptr(int32(65536))}), BadCommand},
		"encryption":            {set(NewSettings{Encryption: ptr("none")}), BadCommand},
		"time":                  {set(NewSettings{AltEnd: ptr(int32(1440))}), BadCommand},
		"download up":           {set(NewSettings{DownloadDir: ptr("..")}), BadPath},
		"download nowhere":      {set(NewSettings{DownloadDir: ptr("")}), BadPath},
		"blocklist file":        {set(NewSettings{BlocklistURL: ptr("file:///etc/passwd")}), BadCommand},
	} {
		err := c.command.Check()
		fault := (*Fault)(nil)
		if !errors.As(err, &fault) || fault.Code != c.code || fault.Text == "" || !fault.valid() {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		} else if strings.Contains(fault.Text, "secret") || strings.Contains(fault.Text, "example") {
			t.Errorf("%s: %q repeats what it was given", name, fault.Text)
		}
	}
}

// TestLargestCommand: what Check lets through fits its frames and the limits of CBOR.
func TestLargestCommand(t *testing.T) {
	c := one(Change, func(c *Command) { c.Change = &Changes{} })
	url := "http://tracker.example/" + strings.Repeat("a", state.MaxURL-len("http://tracker.example/"))
	files := make([]int32, state.MaxFiles)
	for i := range files {
		files[i] = state.MaxFiles - 1
	}
	v := c.Change
	v.Want, v.Skip, v.Low, v.Normal, v.High = files, files, files, files, files
	for range state.MaxTrackers {
		v.AddTrackers, v.RemoveTrackers = append(v.AddTrackers, url), append(v.RemoveTrackers, url)
		v.ReplaceTrackers = append(v.ReplaceTrackers, TrackerReplacement{url, url})
	}
	v.Labels = &[]string{}
	for range state.MaxLabels {
		*v.Labels = append(*v.Labels, strings.Repeat("l", state.MaxLabel))
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	all := one(Stop, func(c *Command) { c.Torrents = manyTorrents(MaxTorrents) })
	add := added(Addition{Metainfo: append([]byte("d"), make([]byte, MaxMetainfo-1)...), Dir: strings.Repeat("a", MaxPath), Changes: v})
	add.Add.Changes = &Changes{Want: files, Skip: files}
	codec, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		command Command
		most    int
	}{"changes": {c, maxBody}, "torrents": {all, maxBody}, "addition": {add, maxLarge}} {
		body, err := codec.encode(&c.command)
		if err != nil || len(body) > c.most || c.command.large() != (c.most == maxLarge) {
			t.Errorf("%s: %d bytes, %v", name, len(body), err)
		}
		var back Command
		if err := codec.decode(body, &back); err != nil || back.Check() != nil {
			t.Errorf("%s: comes as %v, %v", name, err, back.Check())
		}
	}
}

func TestLargestResult(t *testing.T) {
	r := &Result{Added: &Added{Name: strings.Repeat("é", state.MaxName)}, Done: -1}
	for range MaxFailures + 1 {
		r.Faults = append(r.Faults, Failure{Fault: Fault{Code: FaultCode(strings.Repeat("c", 100)), Text: strings.Repeat("é", state.MaxText) + "\xff"}})
	}
	if r.validate() == nil {
		t.Fatal("this proves nothing")
	}
	b := r.bounded()
	codec, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	if body, err := codec.encode(b); err != nil || len(body) > maxBody || b.validate() != nil || len(b.Faults) != MaxFailures || len(b.Added.Name) != state.MaxName {
		t.Errorf("%d bytes, %v, %v", len(body), err, b.validate())
	}
}
