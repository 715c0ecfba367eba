package tor

import (
	"errors"
	"fmt"
)

// Why Dial failed. Without ExtendedErrors on the SOCKS port, which an existing
// Tor may lack, all but ErrNotReady come as ErrUnreachable.
var (
	// ErrNotReady means that Tor is not running, or has not bootstrapped yet.
	ErrNotReady = errors.New("tor is not ready")
	// ErrDescriptorNotFound means that no directory knows the service: it is
	// off, new, or the address is wrong.
	ErrDescriptorNotFound = errors.New("onion service descriptor not found")
	// ErrDescriptorInvalid means that the descriptor could not be parsed or verified.
	ErrDescriptorInvalid = errors.New("onion service descriptor is invalid")
	// ErrIntroFailed means that no introduction point could be reached.
	ErrIntroFailed = errors.New("introduction to the onion service failed")
	// ErrRendFailed means that the service did not come to the rendezvous.
	ErrRendFailed = errors.New("rendezvous with the onion service failed")
	// ErrClientAuthMissing means that the service wants a client authorization
	// key, and that Tor was given none.
	ErrClientAuthMissing = errors.New("onion service client authorization is missing")
	// ErrClientAuthWrong means that the service does not know our key.
	ErrClientAuthWrong = errors.New("onion service client authorization is wrong")
	// ErrBadAddress means that the target is not a version 3 onion address.
	ErrBadAddress = errors.New("not an onion address")
	// ErrIntroTimeout means that the introduction took too long.
	ErrIntroTimeout = errors.New("introduction to the onion service timed out")
	// ErrUnreachable is any other failure that Tor's SOCKS port reported.
	ErrUnreachable = errors.New("tor could not connect")
)

// replyError returns the error of a SOCKS5 reply code: RFC 1928, section 6, and
// Tor's socks-extensions for 0xF0 to 0xF7.
func replyError(code byte) error {
	switch code {
	case 0xf0:
		return ErrDescriptorNotFound
	case 0xf1:
		return ErrDescriptorInvalid
	case 0xf2:
		return ErrIntroFailed
	case 0xf3:
		return ErrRendFailed
	case 0xf4:
		return ErrClientAuthMissing
	case 0xf5:
		return ErrClientAuthWrong
	case 0xf6:
		return ErrBadAddress
	case 0xf7:
		return ErrIntroTimeout
	}
	return fmt.Errorf("%w (SOCKS reply %#02x)", ErrUnreachable, code)
}
