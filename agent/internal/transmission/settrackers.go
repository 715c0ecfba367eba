package transmission

import (
	"context"
	"encoding/json"
	"slices"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

// SetTrackers makes the changes of trackers: first replacements, then removals, then
// additions, one after the other, because the daemon's ids of trackers change with
// each. What is so already is not asked for, so it may be repeated. See
// RemoveTorrents for the rest.
func (c *Client) SetTrackers(ctx context.Context, hashes []state.Hash, ch *command.Changes) error {
	for _, step := range []struct {
		wanted bool
		plan   func(*command.Changes, []TrackerRef) arguments
	}{
		{len(ch.ReplaceTrackers) > 0, replacements},
		{len(ch.ReplaceTrackers)+len(ch.RemoveTrackers) > 0, removals},
		{len(ch.AddTrackers) > 0, additions},
	} {
		if !step.wanted {
			continue
		}
		if err := c.eachTrackers(ctx, hashes, func(t []TrackerRef) arguments { return step.plan(ch, t) }); err != nil {
			return err
		}
	}
	return nil
}

// eachTrackers sends what plan says of each torrent's trackers, once for all torrents
// of which it says the same.
func (c *Client) eachTrackers(ctx context.Context, hashes []state.Hash, plan func([]TrackerRef) arguments) error {
	found, _, err := c.FindTrackers(ctx, hashes)
	if err != nil {
		return err
	}
	alike := make(map[string][]state.Hash)
	var order []string
	for _, h := range hashes {
		known, ok := found[h]
		if !ok {
			continue
		}
		args := plan(known.Trackers)
		if args == nil {
			continue
		}
		text, err := json.Marshal(args)
		if err != nil {
			return err
		}
		if alike[string(text)] == nil {
			order = append(order, string(text))
		}
		alike[string(text)] = append(alike[string(text)], h)
	}
	for _, text := range order {
		args := arguments{}
		if err := json.Unmarshal([]byte(text), &args); err != nil {
			return err
		}
		if err := c.tell(ctx, "torrent-set", alike[text], args); err != nil {
			return err
		}
	}
	return nil
}

// replacements are [id, URL, id, URL ...]. One whose new URL is there already
// becomes a removal.
func replacements(ch *command.Changes, trackers []TrackerRef) arguments {
	var list []any
	for _, r := range ch.ReplaceTrackers {
		if i := trackerIndex(trackers, r.Old); i >= 0 && trackerIndex(trackers, r.New) < 0 {
			list = append(list, trackers[i].ID, r.New)
		}
	}
	if list == nil {
		return nil
	}
	return arguments{"trackerReplace": list}
}

func removals(ch *command.Changes, trackers []TrackerRef) arguments {
	var list []int64
	for _, t := range trackers {
		gone := slices.Contains(ch.RemoveTrackers, t.Announce) || slices.ContainsFunc(ch.ReplaceTrackers, func(r command.TrackerReplacement) bool {
			return r.Old == t.Announce && r.New != t.Announce && trackerIndex(trackers, r.New) >= 0
		})
		if gone {
			list = append(list, t.ID)
		}
	}
	if list == nil {
		return nil
	}
	return arguments{"trackerRemove": list}
}

func additions(ch *command.Changes, trackers []TrackerRef) arguments {
	var list []string
	for _, u := range ch.AddTrackers {
		if trackerIndex(trackers, u) < 0 && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	if list == nil {
		return nil
	}
	return arguments{"trackerAdd": list}
}

func trackerIndex(trackers []TrackerRef, announce string) int {
	return slices.IndexFunc(trackers, func(t TrackerRef) bool { return t.Announce == announce })
}
