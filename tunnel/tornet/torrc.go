package tornet

import (
	"fmt"
	"path/filepath"
	"strings"

	"offing/tunnel/internal/torproc"
)

// networkLines stand in the torrc of every tor of the network, clients too.
var networkLines = []string{
	"TestingTorNetwork 1",
	"AssumeReachable 1",
	"PathsNeededToBuildCircuits 0.25",
	"TestingDirAuthVoteExit *",
	"TestingDirAuthVoteHSDir *",
	"TestingDirAuthVoteGuard *",
	"TestingMinExitFlagThreshold 0",
	"V3AuthNIntervalsValid 2",
	"ShutdownWaitLength 0",
}

// votingLines make the authorities vote as often as tor allows, in seconds. And they
// make them vote for all relays as stable, when the half would be: circuits to port 22
// use stable relays alone (LongLivedPorts), and the few relays of which an onion
// service's circuits have their second hop (vanguards) may be others. Such a service
// is asked for a rendezvous, gives up, and nobody tells who waits for it.
var votingLines = []string{
	"AuthoritativeDirectory 1",
	"V3AuthoritativeDirectory 1",
	"TestingV3AuthInitialVotingInterval 5",
	"TestingV3AuthInitialVoteDelay 2",
	"TestingV3AuthInitialDistDelay 2",
	"V3AuthVotingInterval 10",
	"V3AuthVoteDelay 2",
	"V3AuthDistDelay 2",
	"AuthDirVoteStableGuaranteeMinUptime 0 seconds",
	"AuthDirVoteStableGuaranteeMTBF 0 seconds",
}

// identityLines are the lines that a node has from the start.
func (n *node) identityLines() ([]string, error) {
	dir, err := torproc.Quote(n.dir)
	if err != nil {
		return nil, err
	}
	lines := append(networkLines[:len(networkLines):len(networkLines)],
		"DataDirectory "+dir,
		"Nickname "+n.name,
		"Address 127.0.0.1",
		"SocksPort 0",
		"ContactInfo none",
		"Log notice stdout",
		"Log notice file "+filepath.Join(n.dir, "notice.log"), // the rest of the line is the name, unquoted
	)
	if n.orAddr == n.bindAddr {
		lines = append(lines, "ORPort "+n.orAddr)
	} else {
		lines = append(lines, "ORPort "+n.orAddr+" NoListen", "ORPort "+n.bindAddr+" NoAdvertise")
	}
	if n.authority {
		lines = append(lines, "DirPort "+n.dirAddr)
	}
	return lines, nil
}

// authorityLine tells every tor of the network about this authority.
func (n *node) authorityLine() string {
	_, orPort, _ := strings.Cut(n.orAddr, ":")
	return fmt.Sprintf("DirAuthority %s orport=%s no-v2 v3ident=%s %s %s", n.name, orPort, n.authorityID, n.dirAddr, n.relayID)
}
