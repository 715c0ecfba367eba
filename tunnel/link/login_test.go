package link

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/crypto/ssh"

	"offing/tunnel/internal/memnet"
)

func TestLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		c := b.mustConnect("circuit-1")
		wantStatus(t, c)
		rw, err := c.Mirror(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(rw, "hello")
		got := make([]byte, 5)
		if _, err := io.ReadFull(rw, got); err != nil || string(got) != "hello" {
			t.Errorf("mirror echoed %q, %v", got, err)
		}
		if err := rw.Close(); err != nil {
			t.Error(err)
		}
		if p := b.seenPeers()[0]; p.Name != "owner" || !p.Key.Equal(b.owner.Public()) || p.Circuit != "circuit-1" {
			t.Errorf("peer is %+v", p)
		}
	})
}

func TestConnectRefusals(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*ClientConfig)
		want   error
	}{
		{"host key changed", func(c *ClientConfig) { c.HostKey = public(newKey("other host")) }, ErrHostKeyChanged},
		{"no host key pinned", func(c *ClientConfig) { c.HostKey = nil }, ErrHostKeyChanged},
		{"login key unknown", func(c *ClientConfig) { c.Login = newKey("stranger") }, ErrKeyRefused},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, nil)
				cfg := b.clientConfig()
				test.change(&cfg)
				conn := b.dial("circuit-1")
				if _, err := Connect(t.Context(), conn, cfg); !errors.Is(err, test.want) {
					t.Errorf("Connect: %v, want %v", err, test.want)
				}
				if _, err := conn.Write(nil); err == nil {
					t.Error("Connect failed but left the connection open")
				}
			})
		})
	}
}

// A server that breaks off during the login has not refused the key.
func TestConnectBrokenLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := memnet.Pipe("circuit-1", 0)
		b := newBox(t, func(cfg *ServerConfig) {
			cfg.Authorize = func(ed25519.PublicKey) (string, bool) {
				far.Close()
				return "", false
			}
		})
		go b.server.handle(t.Context(), b.server.gate.enter(far))
		_, err := Connect(t.Context(), near, b.clientConfig())
		if !errors.Is(err, ErrBroken) || errors.Is(err, ErrKeyRefused) {
			t.Errorf("Connect: %v, want %v", err, ErrBroken)
		}
	})
}

func TestConnectIncompatibleServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		near, far := memnet.Pipe("circuit-1", 0)
		old := *b.server.ssh
		old.KeyExchanges = []string{ssh.KeyExchangeCurve25519}
		go ssh.NewServerConn(far, &old)
		if _, err := Connect(t.Context(), near, b.clientConfig()); !errors.Is(err, ErrIncompatible) {
			t.Errorf("Connect: %v, want %v", err, ErrIncompatible)
		}
	})
}

// badSigner offers a key and then signs for another.
type badSigner struct {
	ssh.Signer
	with ssh.Signer
}

func (s badSigner) Sign(r io.Reader, data []byte) (*ssh.Signature, error) {
	return s.with.Sign(r, data)
}

// Everything that is not the owner's own signature stays out.
func TestServerRefuses(t *testing.T) {
	stranger := newKey("stranger")
	for _, test := range []struct {
		name string
		auth func(t *testing.T, b *box) ssh.AuthMethod
	}{
		{"password", func(*testing.T, *box) ssh.AuthMethod { return ssh.Password("owner") }},
		{"keyboard", func(*testing.T, *box) ssh.AuthMethod {
			return ssh.KeyboardInteractive(func(string, string, []string, []bool) ([]string, error) { return nil, nil })
		}},
		{"owner's key offered, stranger's signature", func(t *testing.T, b *box) ssh.AuthMethod {
			return ssh.PublicKeys(badSigner{signer(t, b.owner), signer(t, stranger)})
		}},
		{"certificate for the owner's key", func(t *testing.T, b *box) ssh.AuthMethod {
			cert := &ssh.Certificate{Key: signer(t, b.owner).PublicKey(), CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
			if err := cert.SignCert(rand.Reader, signer(t, stranger)); err != nil {
				t.Fatal(err)
			}
			s, err := ssh.NewCertSigner(cert, signer(t, b.owner))
			if err != nil {
				t.Fatal(err)
			}
			return ssh.PublicKeys(s)
		}},
		{"nothing", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, nil)
				var auth []ssh.AuthMethod
				if test.auth != nil {
					auth = append(auth, test.auth(t, b))
				}
				if _, err := b.foreignClient(b.foreign(auth...)); err == nil {
					t.Error("logged in")
				}
			})
		})
	}
}

func TestServerRefusesWithoutPostQuantum(t *testing.T) {
	for _, exchange := range []string{ssh.KeyExchangeCurve25519, ssh.KeyExchangeECDHP256, ssh.KeyExchangeDH16SHA512} {
		t.Run(exchange, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, nil)
				cfg := b.foreign(ssh.PublicKeys(signer(t, b.owner)))
				cfg.KeyExchanges = []string{exchange}
				if _, err := b.foreignClient(cfg); err == nil || !strings.Contains(err.Error(), "key exchange") {
					t.Errorf("login without the post-quantum exchange: %v", err)
				}
			})
		})
	}
}

// A box that says so lets older ssh programs in, and nothing weaker.
func TestClassicExchangeIsAChoice(t *testing.T) {
	for exchange, want := range map[string]bool{ssh.KeyExchangeCurve25519: true, ssh.KeyExchangeECDHP256: false} {
		t.Run(exchange, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBox(t, func(cfg *ServerConfig) { cfg.ClassicKex = true })
				cfg := b.foreign(ssh.PublicKeys(signer(t, b.owner)))
				cfg.KeyExchanges = []string{exchange}
				client, err := b.foreignClient(cfg)
				if got := err == nil; got != want {
					t.Errorf("login: %v, want it accepted: %v", err, want)
				}
				if err == nil {
					client.Close()
				}
			})
		})
	}
}

// shySigner offers a key and never signs.
type shySigner struct{ ssh.Signer }

func (shySigner) Sign(io.Reader, []byte) (*ssh.Signature, error) { return nil, errors.New("shy") }

// A client that offers the owner's key, but signs with its own, is itself
// (CVE-2024-45337), in whichever order it offers them.
func TestIdentityIsTheSigners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		guest := newKey("guest")
		b.allowed[string(public(guest))] = "guest"
		owners, guests := signer(t, b.owner), signer(t, guest)
		cfg := b.foreign()
		cfg.AuthCallback = inTurn(shySigner{guests}, shySigner{owners}, guests)
		client, err := b.foreignClient(cfg)
		if err != nil {
			t.Fatal(err)
		}
		channel, requests, err := client.OpenChannel(ChannelMirror, nil)
		if err != nil {
			t.Fatal(err)
		}
		go ssh.DiscardRequests(requests)
		io.WriteString(channel, "x")
		io.ReadFull(channel, make([]byte, 1))
		if p := b.seenPeers()[0]; p.Name != "guest" || !p.Key.Equal(public(guest)) {
			t.Errorf("the guest is taken for %q", p.Name)
		}
		if b.asked < 4 {
			t.Errorf("Authorize was asked %d times: not all keys were offered", b.asked)
		}
	})
}

// inTurn offers one signer per attempt: a method with several keys would stop at
// the first that fails.
func inTurn(signers ...ssh.Signer) ssh.ClientAuthCallback {
	return func(*ssh.ClientAuthContext) (ssh.AuthMethod, error) {
		if len(signers) == 0 {
			return nil, errors.New("no more keys")
		}
		next := signers[0]
		signers = signers[1:]
		return ssh.PublicKeys(next), nil
	}
}

// The key may be revoked between the callback and the end of the login.
func TestRevokedDuringLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b *box
		b = newBox(t, func(cfg *ServerConfig) {
			cfg.Authorize = func(key ed25519.PublicKey) (string, bool) {
				name, ok := b.authorize(key)
				b.mu.Lock()
				clear(b.allowed)
				b.mu.Unlock()
				return name, ok
			}
		})
		c, err := b.connect("circuit-1")
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, c, ErrBroken)
		if b.asked < 2 {
			t.Error("Authorize was asked only before the login")
		}
	})
}

func TestDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(t, nil)
		guest := newKey("guest")
		b.allowed[string(public(guest))] = "guest"
		stays := b.mustConnect("circuit-1")
		cfg := b.clientConfig()
		cfg.Login = guest
		goes, err := Connect(t.Context(), b.dial("circuit-2"), cfg)
		if err != nil {
			t.Fatal(err)
		}
		wantStatus(t, goes) // it is registered
		b.server.Disconnect(func(name string, key ed25519.PublicKey) bool { return name == "owner" })
		wantEnd(t, goes, ErrBroken)
		wantStatus(t, stays)
	})
}
