package transmissiontest

import (
	"bytes"
	"crypto/sha1"
	"fmt"
)

const pieceLength = 16384

// metainfo returns a .torrent file (BEP 3) of one file, without a tracker.
func metainfo(name string, content []byte) []byte {
	var pieces bytes.Buffer
	for rest := content; len(rest) > 0; {
		n := min(pieceLength, len(rest))
		sum := sha1.Sum(rest[:n])
		pieces.Write(sum[:])
		rest = rest[n:]
	}
	return fmt.Appendf(nil, "d4:infod6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:%see",
		len(content), len(name), name, pieceLength, pieces.Len(), pieces.Bytes())
}
