package tunnel

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"offing/tunnel/link"
	"offing/tunnel/mirror"
	"offing/tunnel/tor"
)

// The codes are part of the controller's API.
func TestExplain(t *testing.T) {
	for _, test := range []struct {
		err  error
		code string
		todo string // in the text
	}{
		{tor.ErrNotReady, "tor-not-ready", "bridges"},
		{tor.ErrBadAddress, "bad-address", "offing-agent pair"},
		{tor.ErrDescriptorNotFound, "onion-not-found", "See that offing-agent runs"},
		{tor.ErrDescriptorInvalid, "onion-invalid", "Update Tor"},
		{tor.ErrClientAuthMissing, "client-auth-missing", "offing box add"},
		{tor.ErrClientAuthWrong, "client-auth-wrong", "offing box add"},
		{tor.ErrIntroFailed, "onion-unreachable", "keeps trying"},
		{tor.ErrIntroTimeout, "onion-unreachable", "keeps trying"},
		{tor.ErrRendFailed, "onion-unreachable", "keeps trying"},
		{tor.ErrUnreachable, "onion-unreachable", "See that offing-agent runs"},
		{link.ErrHostKeyChanged, "host-key-changed", "do not use it"},
		{link.ErrKeyRefused, "key-refused", "offing-agent pair"},
		{link.ErrIncompatible, "versions", "Update Offing"},
		{mirror.ErrVersion, "versions", "Update Offing"},
		{link.ErrHandshakeTimeout, "timeout", "keeps trying"},
		{errDialTimeout, "timeout", "keeps trying"},
		{link.ErrSilent, "silent", "connects anew"},
		{link.ErrClosed, "closed", "this end"},
		{link.ErrBroken, "broken", "connects anew"},
		{errors.New("something else"), "broken", "connects anew"},
	} {
		got := Explain(fmt.Errorf("box: %w", test.err))
		if got.Code != test.code || !strings.Contains(got.Text, test.todo) {
			t.Errorf("%v: %+v; want %q with %q", test.err, got, test.code, test.todo)
		}
	}
	if got := Explain(nil); got != (Reason{}) {
		t.Errorf("no error: %+v", got)
	}
}
