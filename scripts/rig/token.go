package rig

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
)

// Token makes an API token with which an app may act as somebody, as the page of their
// account does.
func (s *System) Token(ctx context.Context, who Person, name string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	web := &http.Client{Jar: jar}
	defer web.CloseIdleConnections()
	if err := s.post(ctx, web, "session", who, nil); err != nil {
		return "", err
	}
	var made struct{ Token string }
	err = s.post(ctx, web, "tokens", map[string]string{"name": name, "scope": "control"}, &made)
	if err == nil && made.Token == "" {
		err = errors.New("the controller has made no token")
	}
	return made.Token, err
}

// post asks the page's API as the page does, and reads the answer if one is wanted.
func (s *System) post(ctx context.Context, web *http.Client, path string, body, answer any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"api/v1/"+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", strings.TrimSuffix(s.URL, "/"))
	res, err := web.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", path, res.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(answer)
}
