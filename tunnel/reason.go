package tunnel

import (
	"errors"

	"offing/tunnel/link"
	"offing/tunnel/mirror"
	"offing/tunnel/tor"
)

// errDialTimeout is Tor taking longer than dialTimeout.
var errDialTimeout = errors.New("tor did not reach the box in time")

// Reason says why a line is not up.
type Reason struct {
	Code string // stable, for programs; empty when there is none
	Text string // for a person: what is wrong and what to do
}

// Codes that need telling apart elsewhere.
const (
	CodeTorNotReady = "tor-not-ready"
	CodeBroken      = "broken"
)

// What to do, where more than one reason asks for it.
const pairAgain = "Pair again: run `offing-agent pair` on the box and `offing box add` here."

// reasons gives each error that a line can end with its Reason. The first that
// fits is taken.
var reasons = []struct {
	err    error
	reason Reason
}{
	{tor.ErrNotReady, Reason{CodeTorNotReady, "Tor is not ready here. If this lasts for minutes, see whether this machine is online, and whether its network lets Tor through; bridges can help."}},
	{tor.ErrBadAddress, Reason{"bad-address", "the onion address of this pairing is not valid. " + pairAgain}},
	{tor.ErrDescriptorNotFound, Reason{"onion-not-found", "the box cannot be found in Tor: it is off, its agent or its Tor is not running, or it has only just started. See that offing-agent runs on the box; this end keeps trying."}},
	{tor.ErrDescriptorInvalid, Reason{"onion-invalid", "Tor found the box, but cannot read its descriptor. Update Tor on both machines and see that their clocks are right."}},
	{tor.ErrClientAuthMissing, Reason{"client-auth-missing", "the box wants a Tor key that this Tor was not given. " + pairAgain}},
	{tor.ErrClientAuthWrong, Reason{"client-auth-wrong", "the box does not accept this pairing: its Tor key is wrong. " + pairAgain}},
	{tor.ErrIntroFailed, Reason{"onion-unreachable", "Tor knows the box, but the box does not answer: its agent or its Tor has just stopped, or it is offline. This end keeps trying."}},
	{tor.ErrIntroTimeout, Reason{"onion-unreachable", "Tor knows the box, but the box does not answer in time. This end keeps trying."}},
	{tor.ErrRendFailed, Reason{"onion-unreachable", "the box was asked, but did not come to the meeting point in Tor. This end keeps trying."}},
	{tor.ErrUnreachable, Reason{"onion-unreachable", "Tor cannot reach the box. See that offing-agent runs on the box; this end keeps trying."}},
	{link.ErrHostKeyChanged, Reason{"host-key-changed", "whoever answers at the box's address does not have the box's key. If you installed the box anew, pair again with `offing-agent pair` and `offing box add`; if you did not, do not use it."}},
	{link.ErrKeyRefused, Reason{"key-refused", "the box does not accept this pairing: it was revoked, or never completed. " + pairAgain}},
	{link.ErrIncompatible, Reason{"versions", "the two ends have no SSH algorithm in common. Update Offing on both machines."}},
	{mirror.ErrVersion, Reason{"versions", "the box runs another version of Offing that this one does not understand. Update Offing on both machines."}},
	{link.ErrHandshakeTimeout, Reason{"timeout", "the box was reached, but did not complete the login in time. This end keeps trying."}},
	{errDialTimeout, Reason{"timeout", "Tor did not reach the box in time. This end keeps trying."}},
	{link.ErrSilent, Reason{"silent", "the box stopped answering. This end connects anew."}},
	{link.ErrClosed, Reason{"closed", "this end closed the line."}},
	{link.ErrBroken, Reason{CodeBroken, "the line broke: the box's agent or Tor stopped, or a circuit was lost. This end connects anew."}},
}

// Explain returns the Reason of an error of Dial, or of what was done with the
// line. An error that it does not know is a broken line; none is no Reason.
func Explain(err error) Reason {
	if err == nil {
		return Reason{}
	}
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return Reason{CodeBroken, "the line broke. This end connects anew."}
}
