package rig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hekmon/transmissionrpc/v2"
)

const mega = 1 << 20

// Torrents of the scene by name.
const (
	FollowedName = "tide-tables-2026.tar"    // downloads from nothing to its end
	SeedingName  = "harbour-timelapse.mkv"   // complete from the start
	PausedName   = "north-sea-soundings.iso" // two fifths are here
	followedSize = 90 * mega
)

// setScene gives the daemon torrents in every state that a page can show; those
// that move wait for raise.
func (d *daemon) setScene(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.addSeeding, d.addBroken, d.addPaused, d.addDownloads} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("set the scene: %w", err)
		}
	}
	return nil
}

// raise starts what moves. The long check comes last, because the daemon checks
// one torrent at a time, and anew each that is added.
func (d *daemon) raise(ctx context.Context) error {
	if err := d.rpc.TorrentStartIDs(ctx, d.moving); err != nil {
		return fmt.Errorf("start the downloads: %w", err)
	}
	return d.addChecking(ctx)
}

func (d *daemon) addSeeding(ctx context.Context) error {
	for name, size := range map[string]int64{
		"lighthouse-recordings.flac": 24 * mega,
		SeedingName:                  40 * mega,
	} {
		p, err := writePayload(d.downloads(), name, size)
		if err != nil {
			return err
		}
		id, err := d.add(ctx, p.meta, false)
		if err != nil {
			return err
		}
		if err := d.settles(ctx, id, transmissionrpc.TorrentStatusSeed); err != nil {
			return err
		}
	}
	return nil
}

// addBroken adds a complete torrent and then takes its file away.
func (d *daemon) addBroken(ctx context.Context) error {
	p, err := writePayload(d.downloads(), "wreck-register.sqlite", 8*mega)
	if err != nil {
		return err
	}
	id, err := d.add(ctx, p.meta, false)
	if err != nil {
		return err
	}
	if err := d.settles(ctx, id, transmissionrpc.TorrentStatusSeed); err != nil {
		return err
	}
	ids := []int64{id}
	if err := d.rpc.TorrentStopIDs(ctx, ids); err != nil {
		return err
	}
	if err := d.settles(ctx, id, transmissionrpc.TorrentStatusStopped); err != nil {
		return err
	}
	if err := os.Remove(p.path); err != nil {
		return err
	}
	return d.rpc.TorrentStartIDs(ctx, ids)
}

// addPaused adds a torrent of which the first two fifths are here.
func (d *daemon) addPaused(ctx context.Context) error {
	p, err := writePayload(d.origin(), PausedName, 60*mega)
	if err != nil {
		return err
	}
	if err := copyPart(filepath.Join(d.downloads(), p.meta.Name), p.path, 24*mega); err != nil {
		return err
	}
	id, err := d.add(ctx, p.meta, true)
	if err != nil {
		return err
	}
	return d.settles(ctx, id, transmissionrpc.TorrentStatusStopped)
}

// addDownloads adds what will move: from a web seed on loopback, each with a
// limit of its own so that it takes a minute or more.
func (d *daemon) addDownloads(ctx context.Context) error {
	for _, t := range []struct {
		name  string
		size  int64
		limit int64 // kB/s
	}{
		{"coastline-survey.tar", 420 * mega, 1500},
		{FollowedName, followedSize, 1200},
	} {
		p, err := writePayload(d.origin(), t.name, t.size)
		if err != nil {
			return err
		}
		p.meta.WebSeed = d.seed.url + t.name
		id, err := d.add(ctx, p.meta, true)
		if err != nil {
			return err
		}
		limited := true
		set := transmissionrpc.TorrentSetPayload{IDs: []int64{id}, DownloadLimit: &t.limit, DownloadLimited: &limited}
		if err := d.rpc.TorrentSet(ctx, set); err != nil {
			return err
		}
		d.moving = append(d.moving, id)
	}
	return nil
}

// addChecking adds a torrent whose check takes a while.
func (d *daemon) addChecking(ctx context.Context) error {
	p, err := writeHole(d.downloads(), "weather-fax-1998-2024.tar", 24<<30)
	if err != nil {
		return err
	}
	_, err = d.add(ctx, p.meta, true)
	return err
}
