package owners

import (
	"errors"
	"fmt"
)

// Errors that callers branch on.
var (
	// ErrUnknownTorrent is also said of a torrent that the asker may not see.
	ErrUnknownTorrent = errors.New("no such torrent")
	ErrUnknownPerson  = errors.New("no such person")
	ErrNotOwner       = errors.New("only an owner may share a torrent")
	ErrOwnership      = errors.New("only an administrator may give and take ownership")
	ErrTooMany        = errors.New("too many torrents at once")
	ErrNoRoom         = errors.New("a torrent has too many people")
	ErrBadRules       = errors.New("the rules cannot be used")
	ErrBadQuota       = errors.New("a quota is not negative")
)

// RuleError says which rule is at fault.
type RuleError struct {
	Number int   // from 1
	Err    error // ErrBadRules or ErrUnknownPerson
}

func (e *RuleError) Error() string { return fmt.Sprintf("rule %d: %v", e.Number, e.Err) }

// Unwrap returns Err.
func (e *RuleError) Unwrap() error { return e.Err }
