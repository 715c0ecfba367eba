package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// User is one person, as administrators see them.
type User struct {
	User         string     `json:"user"` // in lower case, the form that identifies them
	Name         string     `json:"name"` // as they wrote it
	Role         string     `json:"role"` // "admin" or "user"
	Disabled     bool       `json:"disabled"`
	Created      time.Time  `json:"created"`
	Seen         *time.Time `json:"seen,omitempty"` // last use of a session; nil for never
	SecondFactor bool       `json:"second_factor"`
	Sessions     int        `json:"sessions"`
	Quota        Quota      `json:"quota"`
	Used         Usage      `json:"used"`
}

// Session is one browser that somebody is signed in with.
type Session struct {
	ID      string    `json:"id"` // opens nothing
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	Agent   string    `json:"agent"` // what the browser says that it is
}

// Token is an API token, without what opens anything.
type Token struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Scope   string     `json:"scope"` // "read", "control" or "admin"
	Created time.Time  `json:"created"`
	Used    *time.Time `json:"used,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
}

// Invitation is a link by which somebody becomes a user. Link is there only in
// the answer that made it.
type Invitation struct {
	ID      string    `json:"id"`
	Role    string    `json:"role"`
	Expires time.Time `json:"expires"`
	Link    string    `json:"link,omitempty"`
}

// AuditEntry is something that was done to people or to what is theirs.
type AuditEntry struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"` // empty for the controller's own socket
	Action string    `json:"action"`
	Object string    `json:"object"`
}

// What follows is for administrators: on the controller's socket, and over HTTP
// for whoever is signed in as one.

// Users returns everybody, in the order of their names.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	var answer struct {
		Users []User `json:"users"`
	}
	err := c.do(ctx, http.MethodGet, "users", nil, &answer)
	return answer.Users, err
}

// AddUser makes an account. The role is "admin" or "user".
func (c *Client) AddUser(ctx context.Context, user, role, password string) error {
	return c.do(ctx, http.MethodPost, "users", map[string]string{"user": user, "role": role, "password": password}, nil)
}

// SetRole makes somebody an administrator, or no longer. It ends their sessions.
func (c *Client) SetRole(ctx context.Context, user, role string) error {
	return c.do(ctx, http.MethodPatch, userPath(user), map[string]string{"role": role}, nil)
}

// SetDisabled lets somebody in no longer, and ends their sessions, or lets them in again.
func (c *Client) SetDisabled(ctx context.Context, user string, disabled bool) error {
	return c.do(ctx, http.MethodPatch, userPath(user), map[string]bool{"disabled": disabled}, nil)
}

// RemoveUser deletes an account with all that is said of it. Torrents stay.
func (c *Client) RemoveUser(ctx context.Context, user string) error {
	return c.do(ctx, http.MethodDelete, userPath(user), nil, nil)
}

// SetPassword gives somebody another password and ends their sessions.
func (c *Client) SetPassword(ctx context.Context, user, password string) error {
	return c.do(ctx, http.MethodPost, userPath(user, "password"), map[string]string{"password": password}, nil)
}

// RemoveFactors removes somebody's second factors, who has lost them.
func (c *Client) RemoveFactors(ctx context.Context, user string) error {
	return c.do(ctx, http.MethodPost, userPath(user, "factors", "remove"), nil, nil)
}

// Sessions returns the sessions of somebody.
func (c *Client) Sessions(ctx context.Context, user string) ([]Session, error) {
	var answer struct {
		Sessions []Session `json:"sessions"`
	}
	err := c.do(ctx, http.MethodGet, userPath(user, "sessions"), nil, &answer)
	return answer.Sessions, err
}

// EndSession ends one session of somebody.
func (c *Client) EndSession(ctx context.Context, user, id string) error {
	return c.do(ctx, http.MethodDelete, userPath(user, "sessions", id), nil, nil)
}

// EndSessions ends all sessions of somebody.
func (c *Client) EndSessions(ctx context.Context, user string) error {
	return c.do(ctx, http.MethodDelete, userPath(user, "sessions"), nil, nil)
}

// Tokens returns the API tokens of somebody.
func (c *Client) Tokens(ctx context.Context, user string) ([]Token, error) {
	var answer struct {
		Tokens []Token `json:"tokens"`
	}
	err := c.do(ctx, http.MethodGet, userPath(user, "tokens"), nil, &answer)
	return answer.Tokens, err
}

// MadeToken is a new API token, which nobody can see again.
type MadeToken struct {
	Token string `json:"token"`
	Page  string `json:"page"` // where the controller's page and API are, without a slash at the end
}

// MakeToken makes an API token of somebody's own, for so many days, or until it is
// revoked when that is 0. It is answered on the controller's socket only.
func (c *Client) MakeToken(ctx context.Context, user, name, scope string, days int) (MadeToken, error) {
	var answer MadeToken
	err := c.do(ctx, http.MethodPost, userPath(user, "tokens"), map[string]any{"name": name, "scope": scope, "days": days}, &answer)
	return answer, err
}

// RevokeToken makes an API token of somebody worthless.
func (c *Client) RevokeToken(ctx context.Context, user, id string) error {
	return c.do(ctx, http.MethodDelete, userPath(user, "tokens", id), nil, nil)
}

// Invite makes a link by which one person becomes a user, once, for so many hours;
// 0 is the controller's own choice.
func (c *Client) Invite(ctx context.Context, role string, hours int) (Invitation, error) {
	var answer Invitation
	err := c.do(ctx, http.MethodPost, "invitations", map[string]any{"role": role, "hours": hours}, &answer)
	return answer, err
}

// Invitations returns those that nobody has accepted yet.
func (c *Client) Invitations(ctx context.Context) ([]Invitation, error) {
	var answer struct {
		Invitations []Invitation `json:"invitations"`
	}
	err := c.do(ctx, http.MethodGet, "invitations", nil, &answer)
	return answer.Invitations, err
}

// RevokeInvitation makes an invitation worthless.
func (c *Client) RevokeInvitation(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "invitations/"+url.PathEscape(id), nil, nil)
}

// Audit returns the last n entries, the oldest first.
func (c *Client) Audit(ctx context.Context, n int) ([]AuditEntry, error) {
	var answer struct {
		Audit []AuditEntry `json:"audit"`
	}
	err := c.do(ctx, http.MethodGet, "audit?n="+strconv.Itoa(n), nil, &answer)
	return answer.Audit, err
}

func userPath(user string, more ...string) string {
	path := "users/" + url.PathEscape(user)
	for _, part := range more {
		path += "/" + url.PathEscape(part)
	}
	return path
}
