package wire

// What an observer of the line can count is Tor's cells: each carries 498 bytes
// (tor-spec, "Relay cells"). An SSH packet of aes-gcm has 4 bytes of length, a
// tag of 16, and between them a multiple of 16 that holds the padding's length,
// at least 4 bytes of padding, and the 9 bytes in front of a channel's data
// (RFC 5647, RFC 4254 section 5.2).
const (
	cellSize     = 498
	packetOuter  = 4 + 16
	packetInner  = 1 + 4 + 9
	packetBlock  = 16
	coarseCells  = 64
	leastPadding = 1 + 1 + sumSize // a Pad frame without a body
)

// roomIn returns how many bytes of frames fit a packet that fits n cells.
func roomIn(n int) int {
	return (n*cellSize-packetOuter)/packetBlock*packetBlock - packetInner
}

// Cell is how many bytes of frames fit one cell of Tor's.
func Cell() int { return roomIn(1) }

// Padded returns the size that a batch of n bytes of frames is padded to: what
// fits 1, 2, 4, 8, 16, 32 or 64 cells, and beyond that a multiple of 64.
func Padded(n int) int {
	for cells := 1; ; {
		if room := roomIn(cells); n == room || n+leastPadding <= room {
			return room
		}
		if cells < coarseCells {
			cells *= 2
		} else {
			cells += coarseCells
		}
	}
}

// padBody returns the length of the body of the next Pad frame, when n bytes of
// such frames are wanted. No frame has one byte less than the first with a longer
// length has; then it takes two.
func padBody(n int) int {
	body := n - leastPadding
	for frameSize(body) > n {
		body--
	}
	if frameSize(body) < n {
		return 0
	}
	return body
}

// PadBody returns the length of the body of the next frame of padding, when n bytes
// of such frames are wanted, for others whose frames are built as those of this
// package are. n is what Padded gave, less what there is.
func PadBody(n int) int { return padBody(n) }
