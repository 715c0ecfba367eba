package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

var (
	errNotAuthorized = errors.New("key is not authorized")
	errTooMany       = errors.New("too many connections")
)

// loginKey is where Permissions.ExtraData holds the Login.
type loginKey struct{}

type login struct {
	name string
	key  ed25519.PublicKey
}

// authorize is the public-key callback. It is also asked about keys that the
// client never signs with, so who has logged in travels in the Permissions that
// belong to the one key and is kept nowhere else (CVE-2024-45337). The user
// name does not matter.
func (s *Server) authorize(_ ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
	key, ok := publicKey(offered)
	if !ok {
		return nil, errNotAuthorized
	}
	name, ok := s.cfg.Authorize(key)
	if !ok {
		return nil, errNotAuthorized
	}
	return &ssh.Permissions{ExtraData: map[any]any{loginKey{}: login{name, key}}}, nil
}

// handshake logs conn in. The library has neither a deadline nor a context, so
// both close the connection.
func (s *Server) handshake(ctx context.Context, conn *watchedConn) (*serverConn, error) {
	deadline := time.AfterFunc(s.cfg.HandshakeTimeout, func() { conn.Close() })
	defer deadline.Stop()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	sshConn, channels, requests, err := ssh.NewServerConn(conn, s.ssh)
	if err != nil {
		return nil, err
	}
	who, ok := sshConn.Permissions.ExtraData[loginKey{}].(login)
	if !ok {
		sshConn.Close()
		return nil, fmt.Errorf("%w: no permissions", errNotAuthorized)
	}
	return &serverConn{
		server: s, ssh: sshConn, channels: channels, requests: requests,
		peer: Peer{Name: who.name, Key: who.key, Circuit: conn.RemoteAddr().String()},
	}, nil
}
