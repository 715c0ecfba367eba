package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What calls whose context has no deadline wait at most.
const (
	writeTimeout = 5 * time.Second
	readTimeout  = 5 * time.Second
	scanTimeout  = 30 * time.Second
	openTimeout  = 20 * time.Second
)

const (
	// readTry and openTry are what one try of a call may take of them. A server
	// that has just ceased to lead does not answer at all.
	readTry = time.Second
	openTry = 2 * time.Second
	// tryPause is between two tries.
	tryPause = 10 * time.Millisecond
)

// Codes of the server's errors that the client has no names for.
const (
	noPeers         jetstream.ErrorCode = 10005
	notAvailable    jetstream.ErrorCode = 10008
	notClustered    jetstream.ErrorCode = 10074
	batchIncomplete jetstream.ErrorCode = 10176
	tooManyBatches  jetstream.ErrorCode = 10210
)

var (
	// errLost says that messages were lost between the server and here.
	errLost = errors.New("store: messages were lost on the way")
	// errBusy says that a write of the same key is under way, or was a moment ago: a
	// cluster acknowledges a write before it lets go of the key.
	errBusy = errors.New("store: the key is being written")
)

// again calls f until it fails in no way that passes, or ctx ends.
func again(ctx context.Context, passes func(error) bool, f func() error) error {
	for {
		err := f()
		if err == nil || !passes(err) || ctx.Err() != nil || pause(ctx, tryPause) != nil {
			return err
		}
	}
}

// untouched reports whether err means that a cluster is choosing a leader, or that
// it is busy, and so that it has written nothing.
func untouched(err error) bool {
	switch code(err) {
	case notAvailable, batchIncomplete, tooManyBatches:
		return true
	}
	return errors.Is(err, errBusy) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse)
}

// patiently calls f, which may be repeated, until it is answered or ctx ends. One try
// takes at most as long as said.
func patiently(ctx context.Context, try time.Duration, f func(context.Context) error) error {
	return again(ctx, func(err error) bool {
		return untouched(err) || errors.Is(err, errLost) || errors.Is(err, context.DeadlineExceeded)
	}, func() error {
		ctx, cancel := context.WithTimeout(ctx, try)
		defer cancel()
		return f(ctx)
	})
}

// within gives ctx a deadline when it has none.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}

// pause waits for d, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// translate says an error of the server in this package's words.
func translate(err error) error {
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ErrNotFound
	}
	switch code(err) {
	case jetstream.JSErrCodeStreamWrongLastSequence:
		return ErrConflict
	case jetstream.JSErrCodeStreamWrongLastSequenceConstant:
		return errBusy
	}
	return fmt.Errorf("store: %w", err)
}

// code returns the server's code of err, or 0.
func code(err error) jetstream.ErrorCode {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode
	}
	return 0
}
