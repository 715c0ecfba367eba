package transmissiontest

import (
	"bytes"
	"crypto/sha1"
	"fmt"

	"offing/tunnel/state"
)

const pieceLength = 16384

// Metainfo returns a .torrent file (BEP 3) of one file, with the announce URL of
// a tracker or without any.
func Metainfo(name string, content []byte, tracker ...string) []byte {
	var announce string
	if len(tracker) > 0 {
		announce = fmt.Sprintf("8:announce%d:%s", len(tracker[0]), tracker[0])
	}
	return fmt.Appendf(nil, "d%s4:info%se", announce, info(name, content))
}

// Hash returns the info hash (BEP 3) of such a torrent.
func Hash(name string, content []byte) state.Hash { return sha1.Sum(info(name, content)) }

func info(name string, content []byte) []byte {
	var pieces bytes.Buffer
	for rest := content; len(rest) > 0; {
		n := min(pieceLength, len(rest))
		sum := sha1.Sum(rest[:n])
		pieces.Write(sum[:])
		rest = rest[n:]
	}
	return fmt.Appendf(nil, "d6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:%se",
		len(content), len(name), name, pieceLength, pieces.Len(), pieces.Bytes())
}
