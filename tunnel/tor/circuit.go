package tor

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// maxCircuitLine is the longest line of the PROXY protocol, version 1, with its
// end: 107 bytes.
const maxCircuitLine = 107

// circuitPrefix begins the address in which Tor writes a circuit's number: tor's
// manual, HiddenServiceExportCircuitID.
var circuitPrefix = netip.MustParsePrefix("fc00:dead:beef:4dad::/96")

var errCircuitLine = errors.New("the connection does not begin as HiddenServiceExportCircuitID has it")

// readCircuit reads Tor's first line off r, and not a byte more: r is the
// connection that goes on after it.
func readCircuit(r io.Reader) (uint32, error) {
	var line [maxCircuitLine]byte
	for n := range line {
		if _, err := io.ReadFull(r, line[n:n+1]); err != nil {
			return 0, err
		}
		if line[n] == '\n' {
			return parseCircuit(string(line[:n+1]))
		}
	}
	return 0, errCircuitLine
}

// parseCircuit reads "PROXY TCP6 fc00:dead:beef:4dad::0:2a ::1 42 22\r\n", whose
// first address ends in the circuit's number.
func parseCircuit(line string) (uint32, error) {
	line, ended := strings.CutSuffix(line, "\r\n")
	words := strings.Split(line, " ")
	if !ended || len(words) != 6 || words[0] != "PROXY" || words[1] != "TCP6" || words[3] != "::1" {
		return 0, errCircuitLine
	}
	source, err := netip.ParseAddr(words[2])
	if err != nil || !circuitPrefix.Contains(source) {
		return 0, errCircuitLine
	}
	for _, port := range words[4:] {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return 0, errCircuitLine
		}
	}
	raw := source.As16()
	return binary.BigEndian.Uint32(raw[12:]), nil
}
