package client

import (
	"context"
	"net/http"
	"net/url"

	"offing/tunnel/state"
)

// Quota bounds what is somebody's own; 0 is no bound.
type Quota struct {
	Torrents int   `json:"torrents,omitempty"`
	Bytes    int64 `json:"bytes,omitempty"` // on disk
	Down     int64 `json:"down,omitempty"`  // bytes a second
	Up       int64 `json:"up,omitempty"`    // bytes a second
}

// Usage is what counts against a Quota.
type Usage struct {
	Torrents int   `json:"torrents"`
	Bytes    int64 `json:"bytes"`
}

// Torrent names a torrent of a box.
type Torrent struct {
	Box  string     `json:"box"`
	Hash state.Hash `json:"hash"`
}

// Grant is what somebody may do with a torrent.
type Grant struct {
	User   string `json:"user"`
	Access string `json:"access"` // "see", "act" or "own"
}

// Owned is a torrent with everybody who may see it, administrators aside.
type Owned struct {
	Torrent
	Name   string  `json:"name"`
	Size   int64   `json:"size"`  // bytes
	Added  int64   `json:"added"` // Unix seconds
	Grants []Grant `json:"grants"`
}

// Rule gives what appears on a box without an owner to somebody. An empty
// condition is none.
type Rule struct {
	Box    string `json:"box,omitempty"`
	Label  string `json:"label,omitempty"`
	Name   string `json:"name,omitempty"` // a pattern such as "debian-*"
	User   string `json:"user"`
	Access string `json:"access"` // "see", "act" or "own"
}

// OwnersFilter chooses torrents; its zero value all of them.
type OwnersFilter struct {
	Box     string
	User    string
	Unowned bool
}

// Owners returns the torrents that the filter lets through. It is for administrators.
func (c *Client) Owners(ctx context.Context, f OwnersFilter) ([]Owned, error) {
	query := url.Values{}
	if f.Box != "" {
		query.Set("box", f.Box)
	}
	if f.User != "" {
		query.Set("user", f.User)
	}
	if f.Unowned {
		query.Set("unowned", "true")
	}
	path := "owners"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var answer struct {
		Torrents []Owned `json:"torrents"`
	}
	err := c.do(ctx, http.MethodGet, path, nil, &answer)
	return answer.Torrents, err
}

// maxGrants is how many torrents one request to give something away may name.
const maxGrants = 1000

// Grant lets a person do so much with the torrents: "none", "see", "act" or "own".
// It returns for how many of them that was not so before. More torrents than fit
// a request take several: on an error the first ones may have been given.
func (c *Client) Grant(ctx context.Context, torrents []Torrent, user, access string) (changed int, err error) {
	for len(torrents) > 0 {
		n := min(len(torrents), maxGrants)
		var answer struct {
			Changed int `json:"changed"`
		}
		body := map[string]any{"torrents": torrents[:n], "user": user, "access": access}
		if err := c.do(ctx, http.MethodPut, "grants", body, &answer); err != nil {
			return changed, err
		}
		changed += answer.Changed
		torrents = torrents[n:]
	}
	return changed, nil
}

// Rules returns the rules in their order: the first that fits a torrent counts.
func (c *Client) Rules(ctx context.Context) ([]Rule, error) {
	var answer struct {
		Rules []Rule `json:"rules"`
	}
	err := c.do(ctx, http.MethodGet, "rules", nil, &answer)
	return answer.Rules, err
}

// SetRules replaces all rules.
func (c *Client) SetRules(ctx context.Context, rules []Rule) error {
	if rules == nil {
		rules = []Rule{}
	}
	return c.do(ctx, http.MethodPut, "rules", map[string]any{"rules": rules}, nil)
}

// SetQuota bounds what is somebody's own.
func (c *Client) SetQuota(ctx context.Context, user string, q Quota) error {
	return c.do(ctx, http.MethodPut, userPath(user, "quota"), q, nil)
}
