package simulator

import (
	"net/url"
	"strings"

	"offing/tunnel/state"
)

// host is what the daemon shows of a tracker's URL.
func (s *Simulator) host(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
		if port == "" {
			port = "80"
		}
	}
	if s.cfg.RPCVersion == RPC16 {
		return u.Scheme + "://" + u.Hostname() + ":" + port
	}
	return u.Hostname() + ":" + port
}

func (s *Simulator) appendTrackers(b []byte, t *torrent) []byte {
	return appendList(b, t.trackers(), func(b []byte, i int, announce string) []byte {
		o := beginObject(b)
		o.str("announce", announce)
		o.int("id", int64(i))
		o.str("scrape", scrapeOf(announce))
		if s.cfg.RPCVersion >= RPC17 {
			o.str("sitename", siteOf(announce))
		}
		o.int("tier", int64(i))
		return o.end()
	})
}

func scrapeOf(announce string) string {
	if i := strings.LastIndex(announce, "/announce"); i >= 0 {
		return announce[:i] + "/scrape" + announce[i+len("/announce"):]
	}
	return ""
}

func siteOf(announce string) string {
	u, err := url.Parse(announce)
	if err != nil {
		return ""
	}
	labels := strings.Split(u.Hostname(), ".")
	if len(labels) < 2 || strings.Trim(u.Hostname(), "0123456789.") == "" {
		return u.Hostname()
	}
	return labels[len(labels)-2]
}

func (s *Simulator) appendTrackerStats(b []byte, t *torrent) []byte {
	return appendList(b, t.trackers(), func(b []byte, i int, announce string) []byte {
		return s.appendTracker(b, t, i, announce)
	})
}

// announceInterval is how often a torrent announces itself, in seconds, at a
// moment of its own.
const announceInterval = 1800

// standing is how a torrent gets on with its trackers.
type standing struct {
	last, next        int64 // announces, in Unix seconds; 0 for none
	result            string
	seeders, leechers int64
}

func (s *Simulator) standing(t *torrent) standing {
	v := standing{seeders: -1, leechers: -1}
	if !t.running() || t.own != nil && t.own.announce {
		return v
	}
	v.last = s.unix() - (s.unix()+int64(t.seed%announceInterval))%announceInterval
	v.next, v.result = v.last+announceInterval, t.fails.Text
	if t.own == nil && (t.err == state.TrackerError || t.err == state.TrackerWarning) {
		v.result = t.errText
	}
	if v.result == "" {
		v.result = "Success"
		v.seeders, v.leechers = int64(t.peers)+int64(t.seed%40), int64(t.getting)+int64(t.seed%7)
	}
	return v
}

// appendTracker appends the state of one tracker.
func (s *Simulator) appendTracker(b []byte, t *torrent, i int, announce string) []byte {
	u, err := url.Parse(announce)
	if err != nil {
		u = &url.URL{}
	}
	v := s.standing(t)
	o := beginObject(b)
	o.str("announce", announce)
	o.int("announceState", min(1, v.next)) // waiting, or inactive
	o.int("downloadCount", -1)
	o.bool("hasAnnounced", v.last > 0)
	o.bool("hasScraped", v.last > 0)
	o.str("host", s.host(u))
	o.int("id", int64(i))
	o.bool("isBackup", false)
	for _, what := range []string{"Announce", "Scrape"} {
		if what == "Announce" {
			o.int("lastAnnouncePeerCount", int64(t.peers))
		}
		o.str("last"+what+"Result", v.result)
		o.int("last"+what+"StartTime", 0)
		o.bool("last"+what+"Succeeded", v.result == "Success")
		o.int("last"+what+"Time", v.last)
		o.bool("last"+what+"TimedOut", false)
	}
	o.int("leecherCount", v.leechers)
	o.int("nextAnnounceTime", v.next)
	o.int("nextScrapeTime", v.next)
	o.str("scrape", scrapeOf(announce))
	o.int("scrapeState", 1)
	o.int("seederCount", v.seeders)
	if s.cfg.RPCVersion >= RPC17 {
		o.str("sitename", siteOf(announce))
	}
	o.int("tier", int64(i))
	return o.end()
}
