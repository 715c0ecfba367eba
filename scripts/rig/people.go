package rig

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"offing/controller/client"
)

// Person is somebody with an account.
type Person struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// guests are the people beside the administrator, and what is theirs of the
// scene. What stands nowhere is nobody's.
var guests = []struct {
	user string
	own  []string // names of torrents
	see  []string
}{
	{"anna", []string{"coastline-survey.tar", FollowedName, SeedingName}, nil},
	{"ben", []string{"lighthouse-recordings.flac", PausedName}, []string{FollowedName}},
}

// accounts are the people that an earlier run made, or new ones.
func (s *System) accounts() (people []Person, made bool, err error) {
	b, err := os.ReadFile(s.path("accounts.json"))
	if err == nil {
		err = json.Unmarshal(b, &people)
		return people, true, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	people = []Person{{"admin", rand.Text()}}
	for _, g := range guests {
		people = append(people, Person{g.user, rand.Text()})
	}
	return people, false, nil
}

func (s *System) keepAccounts(people []Person) error {
	b, err := json.Marshal(people)
	if err != nil {
		return err
	}
	return os.WriteFile(s.path("accounts.json"), b, 0o600)
}

// invite makes the accounts of the guests that there are not yet.
func (s *System) invite(ctx context.Context) error {
	there, err := s.api.Users(ctx)
	if err != nil {
		return err
	}
	known := make(map[string]bool)
	for _, u := range there {
		known[u.User] = true
	}
	for _, g := range s.Guests {
		if known[g.User] {
			continue
		}
		if err := s.api.AddUser(ctx, g.User, "user", g.Password); err != nil {
			return fmt.Errorf("make the account of %s: %w", g.User, err)
		}
	}
	return nil
}

// giveAway gives the guests what is theirs, once home has all of the scene.
func (s *System) giveAway(ctx context.Context) error {
	byName := make(map[string]client.Torrent)
	err := poll(ctx, "the torrents to reach home", func() (bool, error) {
		all, err := s.api.Owners(ctx, client.OwnersFilter{Box: BoxName})
		if err != nil {
			return false, err
		}
		for _, t := range all {
			byName[t.Name] = t.Torrent
		}
		for _, g := range guests {
			for _, name := range append(g.own, g.see...) {
				if _, ok := byName[name]; !ok {
					return false, s.Failed()
				}
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, g := range guests {
		for access, names := range map[string][]string{"own": g.own, "see": g.see} {
			var torrents []client.Torrent
			for _, name := range names {
				torrents = append(torrents, byName[name])
			}
			if _, err := s.api.Grant(ctx, torrents, g.user, access); err != nil {
				return fmt.Errorf("give %s their torrents: %w", g.user, err)
			}
		}
	}
	s.Followed = byName[FollowedName].Hash.String()
	return nil
}
