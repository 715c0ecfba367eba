package hub

import (
	"time"

	"offing/controller/internal/account"
)

// Views knows what there is to see.
type Views interface {
	// View names what p sees. All principals of one view see the same, and so
	// share its topics.
	View(p account.Principal) string
	// Feed makes the source of a topic of p's view. It returns false for a
	// topic that does not exist and for one that p may not see alike.
	Feed(p account.Principal, topic string) (Feed, bool)
}

// Feed is where a topic gets its content from. It keeps no history: whoever
// reads it brings the mark of what they have. It is safe for concurrent use.
type Feed interface {
	// Changed returns a channel that is closed when Since may have news. Take
	// the channel first and call Since after.
	Changed() <-chan struct{}
	// Since returns what turns the content at mark into the present one. A nil
	// mark is before everything. What it returns may be newer than its own
	// Mark, so it must do no harm to apply the same change twice.
	Since(mark Mark) Update
	// Watched is told when a first page subscribes to the topic and when the
	// last one has left, in turns.
	Watched(bool)
}

// Mark names a moment of a Feed. Only the Feed looks inside.
type Mark any

// Update is a change of a Feed's content.
type Update struct {
	Mark  Mark     // of the content after the update
	Reset bool     // Parts are the whole content, whatever there was before
	Parts [][]byte // members of JSON objects without the braces, one frame each; none when nothing has changed
	// Delay is how long after the frame before it this update should go out,
	// for figures that are not worth a frame each; 0 is as soon as possible.
	Delay time.Duration
}
