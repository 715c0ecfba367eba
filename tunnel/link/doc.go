// Package link owns the SSH connection between a controller and an agent, both
// ends of it: which algorithms it speaks, who may log in, what a logged-in peer
// may ask for, and how either end notices that the other is gone. It runs over
// any net.Conn and knows nothing of Tor beyond the name of a circuit.
package link

import (
	"crypto/ed25519"
	"errors"

	"golang.org/x/crypto/ssh"
)

// ChannelMirror is the type of the SSH channel that carries the mirror.
const ChannelMirror = "mirror@offing"

// ChannelCommand is the type of the SSH channel that carries commands.
const ChannelCommand = "command@offing"

// What both ends say of themselves is the same for everybody, so that it tells
// nothing: no version, no name of an operating system, no user.
const (
	identification = "SSH-2.0-Offing"
	clientUser     = "agent"
)

// keepaliveRequest is the global request that OpenSSH made the custom for this:
// it asks for nothing and any reply, a refusal too, proves that the peer lives.
const keepaliveRequest = "keepalive@openssh.com"

// rekeyBytes is how much goes over a connection before new keys are made. The
// library's default for AES-GCM would be far higher.
const rekeyBytes = 1 << 30

// Errors of Connect and of a Client, to be told apart with errors.Is.
var (
	// ErrHostKeyChanged: whoever answered does not hold the pinned host key.
	ErrHostKeyChanged = errors.New("the host key is not the one of the pairing")
	// ErrKeyRefused: the server does not, or no longer, accept the login key.
	ErrKeyRefused = errors.New("the login key is refused")
	// ErrHandshakeTimeout: the peer took longer than HandshakeTimeout.
	ErrHandshakeTimeout = errors.New("the SSH handshake took too long")
	// ErrIncompatible: the two ends have no algorithm in common.
	ErrIncompatible = errors.New("the two ends have no SSH algorithm in common")
	// ErrSilent: the connection stood, but the peer had stopped answering.
	ErrSilent = errors.New("the line went silent")
	// ErrBroken: the peer, or something in between, closed the connection.
	ErrBroken = errors.New("the line broke")
	// ErrNoCommands: the agent is older than the command channel, and refuses it.
	ErrNoCommands = errors.New("the agent on the box does not take commands yet: update the agent on the box")
	// ErrClosed: this end closed the connection.
	ErrClosed = errors.New("the line was closed")
)

// Peer is who is at the other end of a connection that has logged in.
type Peer struct {
	Name    string            // as ServerConfig.Authorize gave it
	Key     ed25519.PublicKey // that signed the login
	Circuit string            // RemoteAddr of the connection: "circuit-12", or something without a number
}

// algorithms returns the one set that is spoken: a post-quantum exchange or
// none, and authenticated encryption. The MAC belongs to ciphers that are not
// offered, but a proposal must not be empty (RFC 4253, section 7.1).
func algorithms() ssh.Config {
	return ssh.Config{
		KeyExchanges:   []string{ssh.KeyExchangeMLKEM768X25519},
		Ciphers:        []string{ssh.CipherAES256GCM, ssh.CipherAES128GCM},
		MACs:           []string{ssh.HMACSHA256ETM},
		RekeyThreshold: rekeyBytes,
	}
}

// publicKey returns the ed25519 key in k, or false for a key of another kind
// and for a certificate.
func publicKey(k ssh.PublicKey) (ed25519.PublicKey, bool) {
	if k.Type() != ssh.KeyAlgoED25519 {
		return nil, false
	}
	c, ok := k.(ssh.CryptoPublicKey)
	if !ok {
		return nil, false
	}
	key, ok := c.CryptoPublicKey().(ed25519.PublicKey)
	return key, ok
}
