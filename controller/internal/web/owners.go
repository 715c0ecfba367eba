package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

// Owners answers for who has which torrent. *owners.Owners is one.
type Owners interface {
	Present(owners.Filter) []owners.Torrent
	Shared(actor account.Principal, k owners.Key) ([]owners.Grant, error)
	Change(ctx context.Context, actor account.Principal, keys []owners.Key, user account.User, a owners.Access) (int, error)
	Rules() []owners.Rule
	SetRules(context.Context, []owners.Rule) error
	Quota(account.User) (owners.Quota, owners.Usage)
	SetQuota(context.Context, account.User, owners.Quota) error
}

// grantJSON is what one person may do with a torrent.
type grantJSON struct {
	User   string        `json:"user"` // an account.User would redact itself
	Access owners.Access `json:"access"`
}

// ownedJSON is one torrent of GET /owners.
type ownedJSON struct {
	Box    string      `json:"box"`
	Hash   state.Hash  `json:"hash"`
	Name   string      `json:"name"`
	Size   int64       `json:"size"`
	Added  int64       `json:"added"`
	Grants []grantJSON `json:"grants"`
}

// grantsRequest is the body of PUT /grants.
type grantsRequest struct {
	Torrents []struct {
		Box  string     `json:"box"`
		Hash state.Hash `json:"hash"`
	} `json:"torrents"`
	User   string         `json:"user"`
	Access *owners.Access `json:"access"` // a pointer: what is left out takes nothing away
}

// rulesJSON is the body of GET and PUT /rules.
type rulesJSON struct {
	Rules []ruleJSON `json:"rules"`
}

type ruleJSON struct {
	Box    string        `json:"box,omitempty"`
	Label  string        `json:"label,omitempty"`
	Name   string        `json:"name,omitempty"`
	User   string        `json:"user"`
	Access owners.Access `json:"access"`
}

// quotaJSON is the body of GET /quota.
type quotaJSON struct {
	Quota owners.Quota `json:"quota"`
	Used  owners.Usage `json:"used"`
}

// ownerRoutes adds what is about who has which torrent, behind doors that say who
// asks.
func (s *Server) ownerRoutes(api fiber.Router, doors ...fiber.Handler) {
	behind := func(handlers ...fiber.Handler) []fiber.Handler { return slices.Concat(doors, handlers) }
	api.Get("/grants", behind(scoped(account.ScopeRead), s.getGrants)...)
	api.Put("/grants", behind(scoped(account.ScopeControl), s.putGrants)...)
	api.Get("/owners", behind(administrators, s.getOwners)...)
	api.Get("/rules", behind(administrators, s.getRules)...)
	api.Put("/rules", behind(administrators, s.putRules)...)
	api.Put("/users/:user/quota", behind(administrators, s.putQuota)...)
}

// userNamed returns the person of that name, who need not exist.
func userNamed(name string) account.User { return account.User(strings.ToLower(name)) }

func (s *Server) getOwners(c *fiber.Ctx) error {
	f := owners.Filter{Box: c.Query("box"), User: userNamed(c.Query("user"))}
	switch c.Query("unowned") {
	case "true":
		f.Unowned = true
	case "", "false":
	default:
		return errBadRequest
	}
	list := []ownedJSON{}
	for _, t := range s.Owners.Present(f) {
		list = append(list, ownedJSON{t.Box, t.Hash, t.Name, t.Size, t.Added, grantsOf(t.Grants)})
	}
	return c.JSON(fiber.Map{"torrents": list})
}

// getGrants answers who has one torrent, to those who may give it.
func (s *Server) getGrants(c *fiber.Ctx) error {
	hash, err := state.ParseHash(c.Query("hash"))
	if err != nil {
		return errBadRequest
	}
	grants, err := s.Owners.Shared(principal(c), owners.Key{Box: c.Query("box"), Hash: hash})
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"grants": grantsOf(grants)})
}

func grantsOf(grants []owners.Grant) []grantJSON {
	list := []grantJSON{}
	for _, g := range grants {
		list = append(list, grantJSON{string(g.User), g.Access})
	}
	return list
}

func (s *Server) putGrants(c *fiber.Ctx) error {
	var r grantsRequest
	if err := body(c, &r); err != nil {
		return err
	}
	if len(r.Torrents) == 0 || r.User == "" || r.Access == nil {
		return errBadRequest // none never means all
	}
	keys := make([]owners.Key, 0, len(r.Torrents))
	for _, t := range r.Torrents {
		keys = append(keys, owners.Key{Box: t.Box, Hash: t.Hash})
	}
	changed, err := s.Owners.Change(s.ctx, principal(c), keys, userNamed(r.User), *r.Access)
	if err != nil {
		return err
	}
	if changed > 0 {
		noun := "torrents"
		if changed == 1 {
			noun = "torrent"
		}
		s.audit(c, auditGrant, fmt.Sprintf("%d %s to %s: %v", changed, noun, strings.ToLower(r.User), *r.Access))
	}
	return c.JSON(fiber.Map{"changed": changed})
}

func (s *Server) getRules(c *fiber.Ctx) error {
	rules := []ruleJSON{}
	for _, r := range s.Owners.Rules() {
		rules = append(rules, ruleJSON{r.Box, r.Label, r.Name, string(r.User), r.Access})
	}
	return c.JSON(rulesJSON{rules})
}

func (s *Server) putRules(c *fiber.Ctx) error {
	var r rulesJSON
	if err := body(c, &r); err != nil {
		return err
	}
	if r.Rules == nil {
		return errBadRequest // an empty list takes all rules away, a forgotten one shall not
	}
	rules := make([]owners.Rule, 0, len(r.Rules))
	for _, j := range r.Rules {
		rules = append(rules, owners.Rule{Box: j.Box, Label: j.Label, Name: j.Name, User: userNamed(j.User), Access: j.Access})
	}
	if err := s.Owners.SetRules(s.ctx, rules); err != nil {
		return err
	}
	s.audit(c, auditRules, fmt.Sprintf("%d rules", len(rules)))
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) getQuota(c *fiber.Ctx) error {
	quota, used := s.Owners.Quota(principal(c).User)
	return c.JSON(quotaJSON{quota, used})
}

func (s *Server) putQuota(c *fiber.Ctx) error {
	user, err := url.PathUnescape(c.Params("user"))
	if err != nil {
		return owners.ErrUnknownPerson
	}
	var q owners.Quota
	if err := body(c, &q); err != nil {
		return err
	}
	if err := s.Owners.SetQuota(s.ctx, userNamed(user), q); err != nil {
		return err
	}
	s.audit(c, auditQuota, strings.ToLower(user))
	return c.SendStatus(fiber.StatusNoContent)
}
