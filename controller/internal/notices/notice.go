// Package notices owns what a person should be told of their account and their
// torrents, kept until they have had time to read it, and the audit log: what
// administrators, and others about people, have done.
package notices

import "time"

// Notice is something that one person should know.
type Notice struct {
	ID   uint64    // grows with each notice of the controller
	At   time.Time // when it happened
	Kind string    // a stable word, one of those below or of account's
	Text string    // the same for a person, with what to do; no secret is in it
}

// The kinds of notices. They go over the wire.
const (
	KindShare   = "share"   // a torrent was shared with them, or no longer is
	KindQuota   = "quota"   // a quota was changed or reached
	KindCommand = "command" // a command of theirs was not done, or an administrator removed their torrent
)
