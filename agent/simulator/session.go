package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// session is what the daemon knows of itself.
type session struct {
	began            time.Duration // of the box's time, when the daemon started
	restarts         int64
	down, up         int64 // bytes since then
	everDown, everUp int64 // bytes before then
	set              map[string]json.RawMessage
}

// restarted begins a new session.
func (s *session) restarted(now time.Duration) {
	s.began = now
	s.restarts++
	s.everDown, s.everUp = s.everDown+s.down, s.everUp+s.up
	s.down, s.up = 0, 0
}

// freeSpace is what is left of the disk, in bytes; it does not change.
const freeSpace = 3_412_680_523_776

// sessionText is the full answer of 3.00, as a daemon gives it that nobody has
// set up but for its folders; %q takes what differs from box to box.
const sessionText = `{"alt-speed-down":50,"alt-speed-enabled":false,"alt-speed-time-begin":540,"alt-speed-time-day":127,` +
	`"alt-speed-time-enabled":false,"alt-speed-time-end":1020,"alt-speed-up":50,"blocklist-enabled":false,"blocklist-size":0,` +
	`"blocklist-url":"http://www.example.com/blocklist","cache-size-mb":4,"config-dir":"/var/lib/transmission-daemon",` +
	`"dht-enabled":false,"download-dir":%q,"download-dir-free-space":%d,"download-queue-enabled":false,"download-queue-size":5,` +
	`"encryption":"preferred","idle-seeding-limit":30,"idle-seeding-limit-enabled":false,"incomplete-dir":"/srv/incomplete",` +
	`"incomplete-dir-enabled":false,"lpd-enabled":false,"peer-limit-global":200,"peer-limit-per-torrent":50,"peer-port":51413,` +
	`"peer-port-random-on-start":false,"pex-enabled":false,"port-forwarding-enabled":false,"queue-stalled-enabled":true,` +
	`"queue-stalled-minutes":30,"rename-partial-files":true,"rpc-version":%d,"rpc-version-minimum":%d,` +
	`"script-torrent-done-enabled":false,"script-torrent-done-filename":"","seed-queue-enabled":false,"seed-queue-size":10,` +
	`"seedRatioLimit":2,"seedRatioLimited":false,"session-id":%q,"speed-limit-down":100,"speed-limit-down-enabled":false,` +
	`"speed-limit-up":100,"speed-limit-up-enabled":false,"start-added-torrents":true,"trash-original-torrent-files":false,` +
	`"units":{"memory-bytes":1024,"memory-units":["KiB","MiB","GiB","TiB"],"size-bytes":1000,"size-units":["kB","MB","GB","TB"],` +
	`"speed-bytes":1000,"speed-units":["kB/s","MB/s","GB/s","TB/s"]},"utp-enabled":false,"version":%q}`

// sessionNewer is what 4.0 and 4.1 have besides, or instead.
const sessionNewer = `{"anti-brute-force-enabled":false,"anti-brute-force-threshold":100,"default-trackers":"",` +
	`"rpc-version-semver":"5.3.0","script-torrent-added-enabled":false,"script-torrent-added-filename":"",` +
	`"script-torrent-done-seeding-enabled":false,"script-torrent-done-seeding-filename":"","tcp-enabled":true}`

const session41 = `{"reqq":2000,"rpc-version-semver":"5.4.0","seedRatioLimit":2.0,"sequential_download":false,` +
	`"speed-limit-down":100.0,"speed-limit-up":100.0,` +
	`"units":{"memory-bytes":1024,"memory-units":["B","KiB","MiB","GiB","TiB"],"size-bytes":1000,` +
	`"size-units":["B","kB","MB","GB","TB"],"speed-bytes":1000,"speed-units":["B/s","kB/s","MB/s","GB/s","TB/s"]}}`

// sessionValues are the members of the full answer to session-get.
func (s *Simulator) sessionValues() map[string]json.RawMessage {
	minimum := 1
	if s.cfg.RPCVersion >= RPC17 {
		minimum = 14
	}
	values := make(map[string]json.RawMessage)
	add := func(members string) {
		if err := json.Unmarshal([]byte(members), &values); err != nil {
			panic(fmt.Sprintf("a text of this package is no JSON: %v", err))
		}
	}
	add(fmt.Sprintf(sessionText, s.cfg.DownloadDir, freeSpace, s.cfg.RPCVersion, minimum, s.sessionID, s.version()))
	if s.cfg.RPCVersion >= RPC17 {
		add(sessionNewer)
	}
	if s.cfg.RPCVersion >= RPC18 {
		add(session41)
	}
	maps.Copy(values, s.session.set)
	return values
}

func (s *Simulator) sessionGet(o *object, arguments json.RawMessage) refusal {
	a := decode[getArguments](arguments)
	values := s.sessionValues()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if a.Fields == nil || slices.Contains(a.Fields, name) {
			o.raw(name, values[name])
		}
	}
	return ""
}

// sessionSet changes what may be changed; the daemon passes over the rest.
func (s *Simulator) sessionSet(_ *object, arguments json.RawMessage) refusal {
	values := s.sessionValues()
	for name, value := range decode[map[string]json.RawMessage](arguments) {
		fixed := strings.HasPrefix(name, "rpc-") || name == "version" || name == "session-id" || name == "config-dir"
		if _, known := values[name]; known && !fixed {
			s.session.set[name] = value
		}
	}
	return ""
}

func (s *Simulator) sessionStats(o *object, _ json.RawMessage) refusal {
	var running, down, up int64
	list, _ := s.selected(nil)
	for _, t := range list {
		if t.running() {
			running++
		}
	}
	for _, f := range s.flows {
		down += f.down.reported()
		up += f.up.reported()
	}
	v := &s.session
	seconds := int64((s.now - v.began).Seconds())
	o.int("activeTorrentCount", running)
	o.raw("cumulative-stats", stats(v.everDown+v.down, v.everUp+v.up, age+int64(s.now.Seconds()), 41+v.restarts))
	o.raw("current-stats", stats(v.down, v.up, seconds, 1))
	o.int("downloadSpeed", down)
	o.int("pausedTorrentCount", int64(len(list))-running)
	o.int("torrentCount", int64(len(list)))
	o.int("uploadSpeed", up)
	return ""
}

func stats(down, up, seconds, sessions int64) []byte {
	o := beginObject(nil)
	o.int("downloadedBytes", down)
	o.int("filesAdded", 0)
	o.int("secondsActive", seconds)
	o.int("sessionCount", sessions)
	o.int("uploadedBytes", up)
	return o.end()
}

func (s *Simulator) freeSpace(o *object, arguments json.RawMessage) refusal {
	a := decode[struct {
		Path string `json:"path"`
	}](arguments)
	if !strings.HasPrefix(a.Path, "/") {
		return "directory path is not absolute"
	}
	o.str("path", a.Path)
	o.int("size-bytes", freeSpace)
	if s.cfg.RPCVersion >= RPC17 {
		o.int("total_size", 4*freeSpace)
	}
	return ""
}
