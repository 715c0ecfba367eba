package account

import (
	"fmt"
	"io"
	"log/slog"
)

// User is the name of a person in lower case, the form that identifies them.
// It redacts itself in fmt, slog and JSON; string(u) is the name.
type User string

// Ticket opens one WebSocket once. It redacts itself in fmt, slog and JSON;
// string(t) is the ticket.
type Ticket string

// SessionToken is what the session cookie holds. It redacts itself in fmt, slog
// and JSON; string(t) is the token.
type SessionToken string

// SetupToken makes the first administrator, once. It redacts itself in fmt, slog
// and JSON; string(t) is the token.
type SetupToken string

// APIToken lets a program in. It redacts itself in fmt, slog and JSON; string(t)
// is the token.
type APIToken string

// StepToken names a sign-in that lacks its second step. It redacts itself in fmt,
// slog and JSON; string(t) is the token.
type StepToken string

// InvitationToken makes one person. It redacts itself in fmt, slog and JSON;
// string(t) is the token.
type InvitationToken string

// FactorSecret is what an authenticator computes with, in any form, or a recovery
// code. It redacts itself in fmt, slog and JSON; string(s) is the secret.
type FactorSecret string

// SessionID identifies a session: the SHA-256 of its token. It opens nothing,
// and still redacts itself in fmt, slog and JSON.
type SessionID [32]byte

// Format, LogValue and MarshalText of each type write what kind of thing it is
// and nothing of its content, under every verb. Beware of the key of a map: JSON
// writes a string there without asking it.

func (User) Format(s fmt.State, _ rune)            { redact(s, "user") }
func (Ticket) Format(s fmt.State, _ rune)          { redact(s, "ticket") }
func (SessionToken) Format(s fmt.State, _ rune)    { redact(s, "session token") }
func (SetupToken) Format(s fmt.State, _ rune)      { redact(s, "setup token") }
func (APIToken) Format(s fmt.State, _ rune)        { redact(s, "API token") }
func (StepToken) Format(s fmt.State, _ rune)       { redact(s, "step") }
func (InvitationToken) Format(s fmt.State, _ rune) { redact(s, "invitation") }
func (FactorSecret) Format(s fmt.State, _ rune)    { redact(s, "second factor") }
func (SessionID) Format(s fmt.State, _ rune)       { redact(s, "session") }

func (User) LogValue() slog.Value            { return slog.StringValue("[user]") }
func (Ticket) LogValue() slog.Value          { return slog.StringValue("[ticket]") }
func (SessionToken) LogValue() slog.Value    { return slog.StringValue("[session token]") }
func (SetupToken) LogValue() slog.Value      { return slog.StringValue("[setup token]") }
func (APIToken) LogValue() slog.Value        { return slog.StringValue("[API token]") }
func (StepToken) LogValue() slog.Value       { return slog.StringValue("[step]") }
func (InvitationToken) LogValue() slog.Value { return slog.StringValue("[invitation]") }
func (FactorSecret) LogValue() slog.Value    { return slog.StringValue("[second factor]") }
func (SessionID) LogValue() slog.Value       { return slog.StringValue("[session]") }

func (User) MarshalText() ([]byte, error)            { return []byte("[user]"), nil }
func (Ticket) MarshalText() ([]byte, error)          { return []byte("[ticket]"), nil }
func (SessionToken) MarshalText() ([]byte, error)    { return []byte("[session token]"), nil }
func (SetupToken) MarshalText() ([]byte, error)      { return []byte("[setup token]"), nil }
func (APIToken) MarshalText() ([]byte, error)        { return []byte("[API token]"), nil }
func (StepToken) MarshalText() ([]byte, error)       { return []byte("[step]"), nil }
func (InvitationToken) MarshalText() ([]byte, error) { return []byte("[invitation]"), nil }
func (FactorSecret) MarshalText() ([]byte, error)    { return []byte("[second factor]"), nil }
func (SessionID) MarshalText() ([]byte, error)       { return []byte("[session]"), nil }

func redact(w io.Writer, kind string) { _, _ = io.WriteString(w, "["+kind+"]") }
