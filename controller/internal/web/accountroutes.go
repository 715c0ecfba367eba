package web

import (
	"slices"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// accountRoutes adds what is about people: signing in, everybody's own account,
// and everybody else's for administrators.
func (s *Server) accountRoutes(api fiber.Router) {
	api.Get("/features", s.getFeatures)
	api.Get("/setup", s.getSetup)
	api.Post("/setup", s.postSetup)
	api.Post("/session", s.postSession)
	api.Post("/session/second", s.postSecond)
	api.Post("/session/second/passkey", s.postSecondPasskey)
	api.Post("/session/passkey", s.postPasskeySignIn)
	api.Delete("/session", s.deleteSession)
	api.Post("/invitations/check", s.checkInvitation)
	api.Post("/invitations/accept", s.acceptInvitation)

	readable := func(h fiber.Handler) []fiber.Handler {
		return []fiber.Handler{s.signedIn, scoped(account.ScopeRead), h}
	}
	api.Get("/session", readable(s.getSession)...)
	api.Get("/sessions", readable(s.getSessions)...)
	api.Get("/factors", readable(s.getFactors)...)
	api.Get("/tokens", readable(s.getTokens)...)
	api.Get("/quota", readable(s.getQuota)...)

	own := func(h fiber.Handler) []fiber.Handler { return []fiber.Handler{s.signedIn, bySession, h} }
	api.Delete("/sessions", own(s.deleteSessions)...)
	api.Delete("/sessions/:id", own(s.deleteOneSession)...)
	api.Post("/password", own(s.postPassword)...)
	api.Post("/factors/totp", own(s.postTOTP)...)
	api.Post("/factors/totp/confirm", own(s.confirmTOTP)...)
	api.Post("/factors/totp/remove", own(s.removeTOTP)...)
	api.Post("/factors/recovery", own(s.postRecovery)...)
	api.Post("/factors/passkeys", own(s.postPasskey)...)
	api.Post("/factors/passkeys/finish", own(s.finishPasskey)...)
	api.Post("/factors/passkeys/:id/remove", own(s.removePasskey)...)
	api.Post("/tokens", own(s.postToken)...)
	api.Delete("/tokens/:id", own(s.deleteToken)...)

	s.peopleRoutes(api, s.signedIn)
}

// peopleRoutes adds what administrators do with other people, behind doors that
// say who asks.
func (s *Server) peopleRoutes(api fiber.Router, doors ...fiber.Handler) {
	admin := func(h fiber.Handler) []fiber.Handler { return append(slices.Clone(doors), administrators, h) }
	api.Get("/users", admin(s.getUsers)...)
	api.Post("/users", admin(s.postUser)...)
	api.Patch("/users/:user", admin(s.patchUser)...)
	api.Delete("/users/:user", admin(s.deleteUser)...)
	api.Post("/users/:user/password", admin(s.postUserPassword)...)
	api.Post("/users/:user/factors/remove", admin(s.removeUserFactors)...)
	api.Get("/users/:user/sessions", admin(s.getUserSessions)...)
	api.Delete("/users/:user/sessions", admin(s.deleteUserSessions)...)
	api.Delete("/users/:user/sessions/:id", admin(s.deleteUserSession)...)
	api.Get("/users/:user/tokens", admin(s.getUserTokens)...)
	api.Delete("/users/:user/tokens/:id", admin(s.deleteUserToken)...)
	api.Get("/invitations", admin(s.getInvitations)...)
	api.Post("/invitations", admin(s.postInvitation)...)
	api.Delete("/invitations/:id", admin(s.deleteInvitation)...)
	api.Get("/audit", admin(s.getAudit)...)
}
