package transmission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"offing/tunnel/state"
)

// Why a call failed. What is none of these is trouble of the network.
var (
	// ErrUnauthorized means that the daemon refused the user name or the
	// password, or that it did so often enough not to be asked again for now.
	ErrUnauthorized = errors.New("user name or password refused")
	// ErrLocked means that the daemon refuses every login until it restarts.
	ErrLocked = errors.New("too many wrong passwords")
	// ErrForbidden means that the daemon does not accept the agent's address.
	ErrForbidden = errors.New("address not allowed")
	// ErrHostRefused means that the daemon does not accept the Host header.
	ErrHostRefused = errors.New("host name not allowed")
	// ErrNotTransmission means that the answer cannot be read.
	ErrNotTransmission = errors.New("not an answer of transmission-daemon")
	// ErrTooOld means that the daemon does not speak a new enough RPC.
	ErrTooOld = errors.New("transmission-daemon is too old")
	// ErrRefused means that the daemon understood, and answered with an error.
	ErrRefused = errors.New("the daemon refused the request")
	// ErrNoTorrents means that a command names no torrent. The daemon would
	// take that for all of them.
	ErrNoTorrents = errors.New("no torrent named")
	// ErrUnknownTorrent means that the daemon does not have the torrent.
	ErrUnknownTorrent = errors.New("no such torrent")
	// ErrPasswordFile means that the password file cannot be used.
	ErrPasswordFile = errors.New("password file")
	// errNoLogin is ErrUnauthorized when there was nothing to refuse.
	errNoLogin = fmt.Errorf("none is configured: %w", ErrUnauthorized)
)

// refusal is ErrRefused with the daemon's own words.
type refusal struct{ words string }

func (r *refusal) Error() string { return fmt.Sprintf("%v: %.200q", ErrRefused, r.words) }

func (r *refusal) Unwrap() error { return ErrRefused }

// statusError turns an HTTP status other than 200 and 409 into an error.
// withLogin tells whether the request carried a user name.
func statusError(status int, body []byte, withLogin bool) error {
	switch status {
	case http.StatusUnauthorized:
		if !withLogin {
			return errNoLogin
		}
		return ErrUnauthorized
	case http.StatusForbidden:
		// Both are 403 and differ in words only (rpc-server.c).
		if bytes.Contains(bytes.ToLower(body), []byte("login attempts")) {
			return ErrLocked
		}
		return ErrForbidden
	case http.StatusMisdirectedRequest:
		return ErrHostRefused
	}
	return fmt.Errorf("%w: HTTP status %d", ErrNotTransmission, status)
}

// Explain says what an error of a call means for the page: how the agent gets
// on with the daemon, and what its owner can do.
func (c *Client) Explain(err error) (state.DaemonState, string) {
	at := c.endpoint.Addr.String()
	var netErr net.Error
	switch {
	case err == nil:
		return state.DaemonOK, ""
	case errors.Is(err, ErrPasswordFile):
		return state.DaemonUnauthorized, err.Error()
	case errors.Is(err, errNoLogin):
		return state.DaemonUnauthorized, "the daemon asks for a user name and a password: set transmission.user and transmission.password_file in the agent's configuration"
	case errors.Is(err, ErrUnauthorized):
		return state.DaemonUnauthorized, "the daemon refuses the user name or the password: write the right one into " + c.login.file + "; it is tried again as soon as that file changes"
	case errors.Is(err, ErrLocked):
		return state.DaemonUnauthorized, "the daemon has locked itself after too many wrong passwords: mend " + c.login.file + ", then `systemctl restart transmission-daemon`"
	case errors.Is(err, ErrForbidden):
		return state.DaemonUnreachable, "the daemon at " + at + " does not accept the agent's address: add it to rpc-whitelist in the daemon's settings.json"
	case errors.Is(err, ErrHostRefused):
		return state.DaemonUnreachable, "the daemon at " + at + " does not accept the host name it is asked by: add it to rpc-host-whitelist in the daemon's settings.json"
	case errors.Is(err, ErrTooOld):
		return state.DaemonUnsupported, err.Error() + ": install 3.00 or newer"
	case errors.Is(err, ErrNotTransmission), errors.Is(err, ErrRefused):
		return state.DaemonUnsupported, "what answers at " + c.endpoint.String() + " cannot be read as transmission-daemon: check transmission.url in the agent's configuration"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return state.DaemonUnreachable, "the daemon at " + at + " does not answer in time: it hangs or is overloaded, see `systemctl status transmission-daemon`"
	case errors.Is(err, syscall.ECONNREFUSED):
		return state.DaemonUnreachable, "nothing answers at " + at + ": is transmission-daemon running? `systemctl status transmission-daemon`"
	}
	return state.DaemonUnreachable, "the daemon at " + at + " cannot be asked: see `systemctl status transmission-daemon`"
}
