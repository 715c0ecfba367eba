package web

import (
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"offing/controller/internal/account"
)

// Bounds of one look at the audit log.
const (
	usualAudit = 100
	maxAudit   = 1000
)

// AuditEntry is one thing that an administrator has done.
type AuditEntry struct {
	At     time.Time
	Actor  account.User // empty on the controller's own socket
	Action string       // a stable word
	Object string       // to whom or what
}

// listedAudit is one of them in an answer.
type listedAudit struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Object string    `json:"object"`
}

func (s *Server) getAudit(c *fiber.Ctx) error {
	n, err := strconv.Atoi(c.Query("n", strconv.Itoa(usualAudit)))
	if err != nil || n < 1 || n > maxAudit {
		return errBadRequest
	}
	listed := []listedAudit{}
	if s.AuditLog != nil {
		entries, err := s.AuditLog(s.ctx, n)
		if err != nil {
			return err
		}
		for _, e := range entries {
			listed = append(listed, listedAudit{e.At, string(e.Actor), e.Action, e.Object})
		}
	}
	return c.JSON(fiber.Map{"audit": listed})
}
