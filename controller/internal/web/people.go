package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
	"offing/controller/internal/owners"
)

// The actions of administrators, as the audit log has them.
const (
	auditAdd           = "user-added"
	auditRole          = "user-role-changed"
	auditDisable       = "user-disabled"
	auditEnable        = "user-enabled"
	auditRemove        = "user-removed"
	auditPassword      = "user-password-set"
	auditFactors       = "user-factors-removed"
	auditEndSessions   = "user-sessions-ended"
	auditToken         = "user-token-made"
	auditRevoke        = "user-token-revoked"
	auditInvite        = "invitation-made"
	auditUninvite      = "invitation-revoked"
	auditAcceptInvited = "invitation-accepted"
	auditGrant         = "torrents-given"
	auditRules         = "rules-changed"
	auditQuota         = "quota-changed"
)

// newUserRequest is the body of POST /users.
type newUserRequest struct {
	User     string       `json:"user"`
	Role     account.Role `json:"role"`
	Password string       `json:"password"`
}

// userChange is the body of PATCH /users/:user. What is nil stays as it is.
type userChange struct {
	Role     *account.Role `json:"role"`
	Disabled *bool         `json:"disabled"`
}

// listedUser is one person in an answer.
type listedUser struct {
	User         string       `json:"user"`
	Name         string       `json:"name"`
	Role         account.Role `json:"role"`
	Disabled     bool         `json:"disabled"`
	Created      time.Time    `json:"created"`
	Seen         time.Time    `json:"seen,omitzero"`
	SecondFactor bool         `json:"second_factor"`
	Sessions     int          `json:"sessions"`
	Quota        owners.Quota `json:"quota"`
	Used         owners.Usage `json:"used"`
}

// person returns the one whom the address names, or account.ErrNoPerson.
func (s *Server) person(c *fiber.Ctx) (account.User, error) {
	name, err := url.PathUnescape(c.Params("user"))
	if err != nil {
		return "", account.ErrNoPerson
	}
	return s.Accounts.Find(s.ctx, name)
}

// audit keeps what an administrator has done.
func (s *Server) audit(c *fiber.Ctx, action, object string) {
	if s.Audit != nil {
		s.Audit(s.ctx, principal(c), action, object)
	}
}

// govern does something to the person whom the address names, and keeps that it
// was done.
func (s *Server) govern(c *fiber.Ctx, action string, do func(account.User) error) error {
	user, err := s.person(c)
	if err != nil {
		return err
	}
	if err := do(user); err != nil {
		return err
	}
	s.audit(c, action, string(user))
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) getUsers(c *fiber.Ctx) error {
	people, err := s.Accounts.People(s.ctx)
	if err != nil {
		return err
	}
	users := make([]listedUser, len(people))
	for i, p := range people {
		quota, used := s.Owners.Quota(p.User)
		users[i] = listedUser{string(p.User), p.Name, p.Role, p.Disabled, p.Created, p.Seen, p.SecondFactor, p.Sessions, quota, used}
	}
	return c.JSON(fiber.Map{"users": users})
}

func (s *Server) postUser(c *fiber.Ctx) error {
	var r newUserRequest
	if err := body(c, &r); err != nil {
		return err
	}
	if err := s.Accounts.Add(s.ctx, r.User, r.Role, r.Password); err != nil {
		return err
	}
	s.audit(c, auditAdd, strings.ToLower(r.User))
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) patchUser(c *fiber.Ctx) error {
	var r userChange
	if err := body(c, &r); err != nil {
		return err
	}
	user, err := s.person(c)
	if err != nil {
		return err
	}
	if r.Role == nil && r.Disabled == nil {
		return errBadRequest
	}
	if r.Role != nil {
		if err := s.Accounts.SetRole(s.ctx, user, *r.Role); err != nil {
			return err
		}
		s.audit(c, auditRole, string(user))
	}
	if r.Disabled != nil {
		if err := s.Accounts.SetDisabled(s.ctx, user, *r.Disabled); err != nil {
			return err
		}
		s.audit(c, map[bool]string{true: auditDisable, false: auditEnable}[*r.Disabled], string(user))
	}
	return c.SendStatus(fiber.StatusNoContent)
}

func (s *Server) deleteUser(c *fiber.Ctx) error {
	return s.govern(c, auditRemove, func(u account.User) error { return s.Accounts.Remove(s.ctx, u) })
}

func (s *Server) postUserPassword(c *fiber.Ctx) error {
	var r confirmRequest
	if err := body(c, &r); err != nil {
		return err
	}
	return s.govern(c, auditPassword, func(u account.User) error {
		if u == principal(c).User {
			return errOwnAccount
		}
		return s.Accounts.SetPassword(s.ctx, u, r.Password)
	})
}

func (s *Server) removeUserFactors(c *fiber.Ctx) error {
	return s.govern(c, auditFactors, func(u account.User) error {
		if u == principal(c).User {
			return errOwnAccount
		}
		return s.Accounts.RemoveFactors(s.ctx, u)
	})
}

func (s *Server) getUserSessions(c *fiber.Ctx) error {
	user, err := s.person(c)
	if err != nil {
		return err
	}
	return s.listSessions(c, user, principal(c).Session)
}

func (s *Server) deleteUserSessions(c *fiber.Ctx) error {
	return s.govern(c, auditEndSessions, func(u account.User) error {
		return s.Accounts.EndSessions(s.ctx, u, account.SessionID{})
	})
}

func (s *Server) deleteUserSession(c *fiber.Ctx) error {
	return s.govern(c, auditEndSessions, func(u account.User) error {
		return s.Accounts.EndSession(s.ctx, u, c.Params("id"))
	})
}

func (s *Server) getUserTokens(c *fiber.Ctx) error {
	user, err := s.person(c)
	if err != nil {
		return err
	}
	return s.listTokens(c, user)
}

// postUserToken makes a token of somebody's own, and says where it is good for. It is
// for the Unix socket: over HTTP nobody shall get to act in another's name.
func (s *Server) postUserToken(c *fiber.Ctx) error {
	user, err := s.person(c)
	if err != nil {
		return err
	}
	person, err := s.Accounts.Person(s.ctx, user)
	if err != nil {
		return err
	}
	token, err := s.newToken(c, account.Principal{User: user, Role: person.Role})
	if err != nil {
		return err
	}
	s.audit(c, auditToken, string(user))
	return c.JSON(fiber.Map{"token": string(token), "page": s.publicURL()})
}

func (s *Server) deleteUserToken(c *fiber.Ctx) error {
	return s.govern(c, auditRevoke, func(u account.User) error {
		return s.Accounts.RevokeToken(s.ctx, u, c.Params("id"))
	})
}
