package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"offing/tunnel/report"
)

// maxAnswer bounds an answer, in bytes: 50,000 torrents take about 30 MB.
const maxAnswer = 128 << 20

// Error is an answer of the controller that is not what was asked for.
type Error struct {
	Status int    // of HTTP
	Code   string // a stable word, such as "bad-credentials"; empty when it was no answer of the API
	Text   string // the same for a person, with what to do
}

// Error returns the text for a person.
func (e *Error) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("the controller answered %d %s", e.Status, http.StatusText(e.Status))
	}
	return e.Text
}

// Status reports on every box. Over HTTP it needs a sign-in, as all below that
// does not say otherwise.
func (c *Client) Status(ctx context.Context) ([]report.Box, error) {
	var answer struct {
		Boxes []report.Box `json:"boxes"`
	}
	err := c.do(ctx, http.MethodGet, "status", nil, &answer)
	return answer.Boxes, err
}

// List reports on one box with all its torrents.
func (c *Client) List(ctx context.Context, box string) (*report.Box, error) {
	var answer report.Box
	if err := c.do(ctx, http.MethodGet, "boxes/"+url.PathEscape(box)+"/list", nil, &answer); err != nil {
		return nil, err
	}
	return &answer, nil
}

// Reload makes the controller read the boxes' pairing codes again. Only the
// socket has it.
func (c *Client) Reload(ctx context.Context) error {
	return c.do(ctx, http.MethodPost, "boxes/reload", nil, nil)
}

// NeedsSetup tells whether the first account has yet to be made. It needs no
// sign-in.
func (c *Client) NeedsSetup(ctx context.Context) (bool, error) {
	var answer struct {
		Needed bool `json:"needed"`
	}
	err := c.do(ctx, http.MethodGet, "setup", nil, &answer)
	return answer.Needed, err
}

// Setup makes the first account, with the token of the link that the controller
// printed, and is then signed in as it. A token works once.
func (c *Client) Setup(ctx context.Context, token, user, password string) error {
	return c.do(ctx, http.MethodPost, "setup", map[string]string{"token": token, "user": user, "password": password}, nil)
}

// SignIn opens a session; its cookie goes with every later request.
func (c *Client) SignIn(ctx context.Context, user, password string) error {
	return c.do(ctx, http.MethodPost, "session", map[string]string{"user": user, "password": password}, nil)
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error {
	return c.do(ctx, http.MethodDelete, "session", nil, nil)
}

// Ticket returns a one-time ticket that opens a WebSocket, and how long it is
// good for.
func (c *Client) Ticket(ctx context.Context) (string, time.Duration, error) {
	var answer struct {
		Ticket    string `json:"ticket"`
		ExpiresIn int    `json:"expires_in"` // seconds
	}
	err := c.do(ctx, http.MethodPost, "tickets", nil, &answer)
	return answer.Ticket, time.Duration(answer.ExpiresIn) * time.Second, err
}

// errForeign means that an answer is well formed and makes no sense.
var errForeign = errors.New("the controller's answer cannot be read, is it of the same version as this command?")

// do sends body, when there is one, and decodes the answer into answer, when
// there is one to be had.
func (c *Client) do(ctx context.Context, method, path string, body, answer any) error {
	return c.patiently(ctx, 0, method, path, body, answer)
}

// patiently is do for a request that the controller answers after wait at the
// latest, and not at once.
func (c *Client) patiently(ctx context.Context, wait time.Duration, method, path string, body, answer any) error {
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	sending := time.Duration(req.ContentLength/slowest) * time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout+min(max(wait, 0), MaxWait)+sending)
	defer cancel()
	req = req.WithContext(ctx)
	res, err := c.http.Do(req)
	if err != nil {
		return c.unanswered(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return c.unanswered(err)
	}
	if len(data) > maxAnswer {
		return fmt.Errorf("the controller's answer is larger than %d bytes", maxAnswer)
	}
	if res.StatusCode/100 != 2 {
		return decodeError(res.StatusCode, res.Header.Get("Content-Type"), data)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("%w %w", errForeign, err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		payload = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1/"+path, payload)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/json")
		// A page's browser sends it, so the controller may insist on it.
		if c.http.Jar != nil {
			req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
		}
	}
	return req, nil
}

// problemJSON is the type of an error's answer (RFC 9457).
const problemJSON = "application/problem+json"

// decodeError reads an answer that is an error. What others than the controller
// answer, such as a proxy, is still an error of this status.
func decodeError(status int, contentType string, data []byte) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Code   string `json:"code"`
	}
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != problemJSON || json.Unmarshal(data, &problem) != nil {
		return &Error{Status: status}
	}
	return &Error{Status: status, Code: problem.Code, Text: cmp.Or(problem.Detail, problem.Title)}
}
