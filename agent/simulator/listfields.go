package simulator

import (
	"encoding/hex"

	"offing/tunnel/state"
)

func counterField(name string) func(*Simulator, []byte, *torrent) []byte {
	switch name {
	case "id":
		return integer(func(t *torrent) int64 { return t.id })
	case "sizeWhenDone":
		return integer(func(t *torrent) int64 { return t.size })
	case "totalSize":
		return integer(func(t *torrent) int64 { return t.total })
	case "leftUntilDone":
		return integer(func(t *torrent) int64 { return t.left })
	case "haveValid":
		return integer(func(t *torrent) int64 { return (t.size - t.left) / max(1, t.piece) * t.piece })
	case "haveUnchecked":
		return integer(func(t *torrent) int64 { return (t.size - t.left) % max(1, t.piece) })
	case "desiredAvailable":
		return integer(func(t *torrent) int64 { return t.left * int64(min(1, t.sending)) })
	case "rateDownload":
		return integer(func(t *torrent) int64 { down, _ := t.rates(); return down })
	case "rateUpload":
		return integer(func(t *torrent) int64 { _, up := t.rates(); return up })
	case "downloadedEver":
		return integer(func(t *torrent) int64 { return t.down })
	case "uploadedEver":
		return integer(func(t *torrent) int64 { return t.up })
	case "corruptEver":
		return integer(func(t *torrent) int64 { return int64(t.seed % 7 / 6 * uint64(t.piece)) })
	case "peersConnected":
		return integer(func(t *torrent) int32 { return t.peers })
	case "peersSendingToUs":
		return integer(func(t *torrent) int32 { return t.sending })
	case "peersGettingFromUs":
		return integer(func(t *torrent) int32 { return t.getting })
	case "webseedsSendingToUs":
		return integer(func(t *torrent) int32 { return t.webSeeds })
	case "queuePosition":
		return integer(func(t *torrent) int { return t.queue })
	}
	return nil
}

func dateField(name string) func(*Simulator, []byte, *torrent) []byte {
	switch name {
	case "addedDate":
		return integer(func(t *torrent) int64 { return t.added })
	case "doneDate":
		return integer(func(t *torrent) int64 { return t.done })
	case "startDate":
		return integer(func(t *torrent) int64 { return t.started })
	case "activityDate":
		return integer(func(t *torrent) int64 { return t.active })
	case "editDate":
		return integer(func(t *torrent) int64 { return t.edited })
	case "dateCreated":
		return integer(func(t *torrent) int64 {
			if t.own != nil {
				return t.own.created
			}
			return t.added - int64(t.seed%90000)
		})
	case "secondsDownloading":
		return integer(func(t *torrent) int64 { return t.down / 900e3 })
	case "secondsSeeding":
		return func(s *Simulator, b []byte, t *torrent) []byte { return appendInt(b, s.seeded(t)) }
	case "manualAnnounceTime":
		return integer(func(*torrent) int64 { return -1 })
	case "eta":
		return integer(eta)
	case "etaIdle":
		return integer(func(*torrent) int64 { return -1 })
	}
	return nil
}

// seeded is for how many seconds the torrent has been a seed: for all of the time
// that it was complete, to its last activity when it is stopped.
func (s *Simulator) seeded(t *torrent) int64 {
	since := t.done
	if since == 0 {
		since = t.started // it was found complete
	}
	switch {
	case since == 0 || t.left > 0:
		return 0
	case t.status == state.Seeding:
		return max(0, s.unix()-since)
	}
	return max(0, t.active-since)
}

// private tells whether only the torrent's trackers tell of peers.
func (t *torrent) private() bool {
	if t.own != nil {
		return t.own.private
	}
	return t.seed%3 > 0
}

// eta is in seconds; -1 for not available, -2 for unknown.
func eta(t *torrent) int64 {
	down, _ := t.rates()
	switch {
	case t.left == 0 || !t.running():
		return -1
	case down == 0:
		return -2
	}
	return t.left / down
}

func stateField(name string) func(*Simulator, []byte, *torrent) []byte {
	switch name {
	case "hashString":
		return func(_ *Simulator, b []byte, t *torrent) []byte {
			b = hex.AppendEncode(append(b, '"'), t.hash[:])
			return append(b, '"')
		}
	case "name":
		return text(func(t *torrent) string { return t.name })
	case "status":
		return integer(func(t *torrent) state.Status { return t.status })
	case "error":
		return integer(func(t *torrent) state.ErrorKind { return t.err })
	case "errorString":
		return text(func(t *torrent) string { return t.errText })
	case "labels":
		return func(_ *Simulator, b []byte, t *torrent) []byte { return appendStrings(b, t.labels) }
	case "downloadDir":
		return text(func(t *torrent) string { return t.dir })
	case "isFinished":
		return truth(func(*torrent) bool { return false })
	case "isStalled":
		return truth(func(t *torrent) bool { return t.running() && t.flow == nil && t.left > 0 })
	case "isPrivate":
		return truth((*torrent).private)
	}
	return nil
}

func partField(name string) func(*Simulator, []byte, *torrent) []byte {
	done := func(t *torrent) float64 {
		if t.size == 0 {
			return 0
		}
		return float64(t.size-t.left) / float64(t.size)
	}
	switch name {
	case "percentDone", "percentComplete":
		return float(done)
	case "metadataPercentComplete":
		return float(func(t *torrent) float64 { return t.metadata })
	case "recheckProgress":
		return float(func(t *torrent) float64 { return t.checked })
	case "uploadRatio":
		return float(func(t *torrent) float64 {
			switch base := max(t.down, t.size-t.left); {
			case base > 0:
				return float64(t.up) / float64(base)
			case t.metadata < 1:
				return -1
			}
			return 0
		})
	}
	return nil
}
