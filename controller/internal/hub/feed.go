package hub

import (
	"time"

	"offing/controller/internal/account"
)

// Views knows what there is to see.
type Views interface {
	// View names what p sees of a topic. All principals for whom the name is the
	// same share the topic.
	View(p account.Principal, topic string) string
	// Feed makes the source of a topic of p's view. It returns false for a
	// topic that does not exist and for one that p may not see alike.
	Feed(p account.Principal, topic string) (Feed, bool)
}

// Feed is where a topic gets its content from. It keeps no history: whoever
// reads it brings the mark of what they have. It is safe for concurrent use.
type Feed interface {
	// Watch has changed called whenever Since may have news, until stop is
	// called, once. In between somebody looks at the topic. changed does not
	// block, and may be called from Watch itself and while stop runs.
	Watch(changed func()) (stop func())
	// Since returns what turns the content at mark into the present one. A nil
	// mark is before everything. What it returns may be newer than its own
	// Mark, so it must do no harm to apply the same change twice.
	Since(mark Mark) Update
}

// Mark names a moment of a Feed. Only the Feed looks inside.
type Mark any

// Update is a change of a Feed's content.
type Update struct {
	Mark  Mark     // of the content after the update
	Reset bool     // Parts, if there are any, are the whole content, whatever there was before
	Gone  bool     // the topic is no more, or no longer for this view; the rest means nothing
	Parts [][]byte // members of JSON objects without the braces, one frame each; none when nothing has changed
	// Delay is how long after the frame before it this update should go out,
	// for figures that are not worth a frame each; 0 is as soon as possible.
	Delay time.Duration
}
