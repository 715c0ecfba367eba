package command

import (
	"reflect"
	"slices"

	"offing/tunnel/state"
)

// Bounds of figures, beside those of package state.
const (
	maxRate     = 1000 * (1<<31 - 1) // bytes a second: the daemon counts thousands of them in 32 bits
	maxRatio    = 1_000_000 * 10_000 // ten-thousandths
	maxMinutes  = 1<<16 - 1          // the daemon has 16 bits
	maxPeers    = 1<<16 - 1
	maxPort     = 1<<16 - 1
	maxQueue    = 1 << 20
	maxCacheMB  = 1 << 16
	dayMinutes  = 24 * 60
	allWeekdays = 1<<7 - 1
)

// number is any figure of the vocabulary.
type number interface {
	~int8 | ~uint8 | ~int32 | ~int64
}

// checkNumber tells of a figure that is given and out of bounds.
func checkNumber[N number](what string, v *N, least, most int64) *Fault {
	if v == nil || int64(*v) >= least && int64(*v) <= most {
		return nil
	}
	return bad("%s must be from %d to %d", what, least, most)
}

// first returns the first Fault there is.
func first(faults ...*Fault) *Fault {
	for _, f := range faults {
		if f != nil {
			return f
		}
	}
	return nil
}

// check checks changes to so many torrents.
func (c *Changes) check(torrents int) *Fault {
	if c.empty() {
		return bad("nothing was said to change")
	}
	if c.Labels != nil {
		if f := checkLabels(*c.Labels); f != nil {
			return f
		}
	}
	return first(
		checkNumber("the limit of the download", c.DownLimit, 0, maxRate),
		checkNumber("the limit of the upload", c.UpLimit, 0, maxRate),
		checkNumber("the priority", c.Priority, -1, 1),
		checkNumber("the number of peers", c.PeerLimit, 0, maxPeers),
		checkNumber("whose ratio holds", c.RatioMode, int64(state.LimitGlobal), int64(state.LimitNone)),
		checkNumber("the ratio, in ten-thousandths,", c.RatioLimit, 0, maxRatio),
		checkNumber("whose idle limit holds", c.IdleMode, int64(state.LimitGlobal), int64(state.LimitNone)),
		checkNumber("the idle limit, in minutes,", c.IdleLimit, 0, maxMinutes),
		checkNumber("the place in the queue", c.Queue, 0, maxQueue),
		c.checkFiles(torrents),
		c.checkTrackers(),
	)
}

// empty tells whether nothing is to be otherwise.
func (c *Changes) empty() bool {
	v := reflect.ValueOf(*c)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() && (f.Kind() != reflect.Slice || f.Len() > 0) {
			return false
		}
	}
	return true
}

// checkFiles checks what is about the inside of a torrent, and so of one only.
func (c *Changes) checkFiles(torrents int) *Fault {
	some := c.Queue != nil
	for _, list := range [][]int32{c.Want, c.Skip, c.Low, c.Normal, c.High} {
		if len(list) > state.MaxFiles {
			return bad("%d files are too many at once; say -1 for all of them", len(list))
		}
		for _, i := range list {
			if i != AllFiles && (i < 0 || i >= state.MaxFiles) {
				return bad("files are numbered from 0, and -1 stands for all; there is none of the number %d", i)
			}
		}
		some = some || len(list) > 0
	}
	if some && torrents != 1 {
		return bad("files and the place in the queue are changed of one torrent at a time")
	}
	return nil
}

func (c *Changes) checkTrackers() *Fault {
	if max(len(c.AddTrackers), len(c.RemoveTrackers), len(c.ReplaceTrackers)) > state.MaxTrackers {
		return bad("these are too many trackers at once; a command takes %d", state.MaxTrackers)
	}
	urls := slices.Concat(c.AddTrackers, c.RemoveTrackers)
	for _, r := range c.ReplaceTrackers {
		urls = append(urls, r.Old, r.New)
	}
	for _, u := range urls {
		if f := checkTracker(u); f != nil {
			return f
		}
	}
	return nil
}

func (s *NewSettings) check() *Fault {
	if *s == (NewSettings{}) {
		return bad("nothing was said to change")
	}
	if s.Encryption != nil && !slices.Contains([]string{"required", "preferred", "tolerated"}, *s.Encryption) {
		return bad("the encryption is \"required\", \"preferred\" or \"tolerated\"")
	}
	if s.BlocklistURL != nil && *s.BlocklistURL != "" {
		if f := checkFetched(*s.BlocklistURL); f != nil {
			return f
		}
	}
	for _, dir := range []*string{s.DownloadDir, s.IncompleteDir} {
		if dir == nil {
			continue
		}
		if f := checkDir(*dir, false); f != nil {
			return f
		}
	}
	return s.checkNumbers()
}

func (s *NewSettings) checkNumbers() *Fault {
	return first(
		checkNumber("the limit of the download", s.DownLimit, 0, maxRate),
		checkNumber("the limit of the upload", s.UpLimit, 0, maxRate),
		checkNumber("the alternative limit of the download", s.AltDown, 0, maxRate),
		checkNumber("the alternative limit of the upload", s.AltUp, 0, maxRate),
		checkNumber("a time of day, in minutes after midnight,", s.AltBegin, 0, dayMinutes-1),
		checkNumber("a time of day, in minutes after midnight,", s.AltEnd, 0, dayMinutes-1),
		checkNumber("the days of the week, one bit each,", s.AltDays, 0, allWeekdays),
		checkNumber("the ratio, in ten-thousandths,", s.RatioLimit, 0, maxRatio),
		checkNumber("the idle limit, in minutes,", s.IdleLimit, 0, maxMinutes),
		checkNumber("the length of the download queue", s.DownQueue, 0, maxQueue),
		checkNumber("the length of the seed queue", s.SeedQueue, 0, maxQueue),
		checkNumber("the minutes until a torrent counts as stalled", s.StalledMinutes, 0, maxMinutes),
		checkNumber("the number of peers", s.PeerLimit, 1, maxPeers),
		checkNumber("the number of peers of a torrent", s.TorrentPeerLimit, 1, maxPeers),
		checkNumber("the port", s.PeerPort, 1, maxPort),
		checkNumber("the cache, in MiB,", s.CacheMB, 0, maxCacheMB),
	)
}
