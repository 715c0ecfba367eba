package controllers

import (
	"context"
	"log/slog"
	"time"

	"github.com/fsnotify/fsnotify"
)

// recheck is how often the folder is read though nothing was heard of it: a
// revocation must not depend on a notification.
const recheck = 30 * time.Second

// Watch calls changed at once, whenever the folder changes, and every now and
// then, until ctx ends.
func (f Folder) Watch(ctx context.Context, log *slog.Logger, changed func()) {
	var events chan fsnotify.Event
	var faults chan error
	if w, err := f.notify(); err == nil {
		defer w.Close()
		events, faults = w.Events, w.Errors
	} else {
		log.Warn("changes of the controllers are seen only twice a minute", "error", err)
	}
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	for {
		changed()
		select {
		case <-ctx.Done():
			return
		case <-events:
		case err := <-faults:
			log.Warn("a notification was lost", "error", err)
		case <-tick.C:
		}
	}
}

func (f Folder) notify() (*fsnotify.Watcher, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := w.Add(string(f)); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}
