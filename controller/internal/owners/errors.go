package owners

import (
	"errors"
	"fmt"

	"offing/controller/internal/fleet"
	"offing/tunnel/state"
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

// Unknown returns the error of a torrent that a box does not have, or that the asker
// may not see: ErrUnknownTorrent, or fleet.Unheard while nothing is known of the box.
// s is home's copy of the box, nil when there is no such box.
func Unknown(box string, s *state.State) error {
	if s != nil {
		if err := fleet.Unheard(box, s); err != nil {
			return err
		}
	}
	return ErrUnknownTorrent
}

// RuleError says which rule is at fault.
type RuleError struct {
	Number int   // from 1
	Err    error // ErrBadRules or ErrUnknownPerson
}

func (e *RuleError) Error() string { return fmt.Sprintf("rule %d: %v", e.Number, e.Err) }

// Unwrap returns Err.
func (e *RuleError) Unwrap() error { return e.Err }
