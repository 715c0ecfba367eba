package transmission

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"offing/tunnel/command"
)

func TestFault(t *testing.T) {
	c := client(t, "http://127.0.0.1:1")
	for _, test := range []struct {
		err  error
		code command.FaultCode
		text string
	}{
		{&refusal{"invalid or corrupt torrent file"}, command.BadTorrent, "cannot read"},
		{&refusal{"unrecognized info"}, command.BadTorrent, "cannot read"},
		{fmt.Errorf("torrent-set: %w", &refusal{"labels cannot\x00 contain\n comma"}), command.DaemonRefused, "the daemon refuses: labels cannot contain comma"},
		{&refusal{"No space left on device"}, command.DiskFull, "full"},
		{&refusal{"method name not recognized"}, command.Unsupported, "generation"},
		{&refusal{"bad URL https://tracker.example/SECRET/announce?passkey=SECRET, udp://SECRET and magnet:?xt=SECRET or passkey=SECRET"}, command.DaemonRefused, "bad URL (address)"},
		{&refusal{""}, command.DaemonRefused, "does not say why"},
		{ErrNoTorrents, command.NoTorrents, "none"},
		{fmt.Errorf("x: %w", ErrUnknownTorrent), command.UnknownTorrent, "no such"},
		{syscall.ECONNREFUSED, command.DaemonAway, "running?"},
		{ErrUnauthorized, command.DaemonAway, "refuses"},
		{&command.Fault{Code: command.BadPath, Text: "x"}, command.BadPath, "x"},
		{errors.New("anything"), command.DaemonAway, "cannot be asked"},
	} {
		f := c.Fault(test.err)
		if f.Code != test.code || !strings.Contains(f.Text, test.text) || strings.Contains(f.Text, "SECRET") {
			t.Errorf("%v: %+v", test.err, f)
		}
	}
}

func FuzzCleanWords(f *testing.F) {
	for _, s := range []string{"", "plain", "a\x00b\xff", "see http://x/y z", strings.Repeat("\u2603", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cleanWords(s)
		if got == "" || len(got) > maxWords || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\x00\x1b") || strings.Contains(got, "://") {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func FuzzDecodeAdded(f *testing.F) {
	f.Add([]byte(`{"arguments":{"torrent-added":{"hashString":"` + testHash + `","id":1,"name":"x"}},"result":"success"}`))
	f.Add([]byte(`{"arguments":{"torrent-duplicate":{"hashString":"` + testHash + `","name":null}},"result":"success"}`))
	f.Add([]byte(`{"arguments":{},"result":"success"}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = decodeAdded(text)
		var list []foundTorrent
		_ = decodeArgument(text, "torrents", &list)
	})
}
