package rpc

import (
	"net"
	"net/url"
	"strings"

	"offing/controller/internal/view"
	"offing/tunnel/state"
)

var trackerFields = []field{
	{word: camel("trackers"), put: appendTrackers},
	{word: camel("tracker_list"), put: appendTrackerList},
	{word: camel("tracker_stats"), need: needDetail, put: appendTrackerStats},
}

// trackers returns the trackers of a torrent as its asker may know them: without
// details their places in the list are their tiers.
func (r *row) trackers() []state.Tracker {
	var all []state.Tracker
	if r.d != nil && len(r.d.Trackers) > 0 {
		all = append(all, r.d.Trackers...)
	} else {
		for i, a := range r.t.Trackers {
			all = append(all, state.Tracker{Announce: a, Tier: int32(i), Seeders: -1, Leechers: -1})
		}
	}
	for i := range all {
		if !r.secret {
			all[i].Announce = view.WithoutSecrets(all[i].Announce)
		}
		all[i].Result = r.hide(all[i].Result)
	}
	return all
}

var trackerWords = struct {
	announce, id, scrape, sitename, tier, state, downloads, downloaders, announced, scraped, host, backup,
	lastPeers, lastResult, lastStart, lastOK, lastTime, lastLate,
	scrapeResult, scrapeStart, scrapeOK, scrapeTime, scrapeLate, leechers, nextAnnounce, nextScrape, scrapeState, seeders word
}{
	camel("announce"), camel("id"), camel("scrape"), camel("sitename"), camel("tier"), camel("announce_state"), camel("download_count"),
	word{"downloader_count", "downloader_count"}, camel("has_announced"), camel("has_scraped"), camel("host"), camel("is_backup"),
	camel("last_announce_peer_count"), camel("last_announce_result"), camel("last_announce_start_time"), camel("last_announce_succeeded"),
	camel("last_announce_time"), camel("last_announce_timed_out"),
	camel("last_scrape_result"), camel("last_scrape_start_time"), camel("last_scrape_succeeded"), camel("last_scrape_time"),
	camel("last_scrape_timed_out"), camel("leecher_count"), camel("next_announce_time"), camel("next_scrape_time"), camel("scrape_state"),
	camel("seeder_count"),
}

func appendTrackers(b []byte, r *row) []byte {
	b = append(b, '[')
	for i, t := range r.trackers() {
		if i > 0 {
			b = append(b, ',')
		}
		o := object{b: append(b, '{'), style: r.style}
		o.tracker(i, &t)
		b = append(o.b, '}')
	}
	return append(b, ']')
}

// tracker appends what says which tracker it is. Its number is its place.
func (o *object) tracker(i int, t *state.Tracker) {
	w := &trackerWords
	o.text(w.announce, t.Announce)
	o.int(w.id, int64(i))
	o.text(w.scrape, scrapeURL(t.Announce))
	o.text(w.sitename, siteName(t.Announce))
	o.int(w.tier, int64(t.Tier))
}

// appendTrackerList appends the announce URLs, one on a line, and an empty line between
// two tiers.
func appendTrackerList(b []byte, r *row) []byte {
	var text strings.Builder
	var tier int32
	for i, t := range r.trackers() {
		if i > 0 && t.Tier != tier {
			text.WriteByte('\n')
		}
		tier = t.Tier
		text.WriteString(t.Announce)
		text.WriteByte('\n')
	}
	return appendString(b, text.String())
}

func appendTrackerStats(b []byte, r *row) []byte {
	b = append(b, '[')
	for i, t := range r.trackers() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrackerStat(b, i, &t, r)
	}
	return append(b, ']')
}

// appendTrackerStat appends all of a tracker. When it was asked last home does not
// know, nor of scrapes anything but the counts: 0 and false.
func appendTrackerStat(b []byte, i int, t *state.Tracker, r *row) []byte {
	w, o := &trackerWords, object{b: append(b, '{'), style: r.style}
	o.tracker(i, t)
	counted := t.Seeders >= 0 || t.Leechers >= 0
	o.int(w.state, int64(t.State))
	o.int(w.downloads, -1)
	o.int(w.downloaders, -1)
	o.bool(w.announced, t.Result != "")
	o.bool(w.scraped, counted)
	o.text(w.host, host(t.Announce))
	o.bool(w.backup, false)
	o.int(w.lastPeers, 0)
	o.text(w.lastResult, t.Result)
	o.int(w.lastStart, 0)
	o.bool(w.lastOK, t.Result != "" && !t.Failed)
	o.int(w.lastTime, 0)
	o.bool(w.lastLate, false)
	o.text(w.scrapeResult, "")
	o.int(w.scrapeStart, 0)
	o.bool(w.scrapeOK, counted)
	o.int(w.scrapeTime, 0)
	o.bool(w.scrapeLate, false)
	o.int(w.leechers, int64(t.Leechers))
	o.int(w.nextAnnounce, t.Next)
	o.int(w.nextScrape, 0)
	o.int(w.scrapeState, 0)
	o.int(w.seeders, int64(t.Seeders))
	return append(o.b, '}')
}

// scrapeURL is that of an announce URL whose last part begins with "announce" (BEP 48).
func scrapeURL(announce string) string {
	slash := strings.LastIndexByte(announce, '/')
	if strings.HasPrefix(announce, "udp://") {
		return announce
	}
	if rest, ok := strings.CutPrefix(announce[slash+1:], "announce"); ok && slash >= 0 {
		return announce[:slash+1] + "scrape" + rest
	}
	return ""
}

// host is that of a URL with the port, the scheme's own where none is written.
func host(announce string) string {
	u, err := url.Parse(announce)
	if err != nil || u.Host == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "udp": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// siteName is the part of a host's name before the last, for people: "example" of
// tracker.example.org.
func siteName(announce string) string {
	u, err := url.Parse(announce)
	if err != nil {
		return ""
	}
	name := u.Hostname()
	if net.ParseIP(name) != nil {
		return name
	}
	parts := strings.Split(name, ".")
	return parts[max(len(parts)-2, 0)]
}
