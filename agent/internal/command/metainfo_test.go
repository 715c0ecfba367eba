package executor

import (
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"

	"offing/tunnel/command"
)

func TestReadAddition(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	for link, want := range map[string]string{
		"magnet:?xt=urn:btih:" + hash:                                                 hash,
		"MAGNET:?dn=x&xt=URN:BTIH:" + strings.ToUpper(hash):                           hash,
		"magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH&tr=http%3A%2F%2Fx%2F":   hash,
		"magnet:?xt.1=urn:btmh:1220aa&xt.2=urn:btih:" + hash:                          hash,
		"magnet:?xt.1=urn:btih:" + hash + "&xt.2=urn:btih:" + strings.Repeat("a", 40): hash,
		"magnet:?xt=urn:btmh:1220" + hash:                                             "",
		"magnet:?xt=urn:btih:" + hash[1:]:                                             "",
		"magnet:":                                                                     "",
		"http://x/":                                                                   "",
		"magnet:?xt=\x00":                                                             "",
	} {
		got, fault := readAddition(&command.Addition{Magnet: link})
		if want == "" != (fault != nil) || fault == nil && got.String() != want {
			t.Errorf("%q: %v, %v", link, got, fault)
		}
	}
	info := "d6:lengthi1e4:name1:ae"
	for text, good := range map[string]bool{
		"d4:info" + info + "e":                   true,
		"d8:announce1:x4:info" + info + "e\n":    true,
		"d4:info" + info + "4:info" + info + "e": false,
		"d4:infoi1ee":                            false,
		"d4:info" + info:                         false,
		info:                                     false,
		"d4:info" + info + "exyz":                false,
		"d4:info" + info + "1:ai1-2ee":           false,
		"<html>":                                 false,
		strings.Repeat("l", 100_000):             false,
		"d4:infod1:a" + strings.Repeat("l", 100) + strings.Repeat("e", 100) + "ee": false,
		"d999999999:": false,
		"":            false,
	} {
		got, err := infoOf([]byte(text))
		if good != (err == nil) || good && string(got) != info {
			t.Errorf("%.60q: %q, %v", text, got, err)
		}
	}
}

func FuzzInfoOf(f *testing.F) {
	f.Add([]byte("d4:infod6:lengthi1e4:name1:aee"))
	f.Add(metainfo(1))
	f.Add([]byte("d1:ald1:bi-1eee4:infodee"))
	f.Fuzz(func(t *testing.T, text []byte) {
		info, err := infoOf(text)
		if err != nil {
			return
		}
		if again, err := infoOf(fmt.Appendf(nil, "d4:info%se", info)); err != nil || string(again) != string(info) {
			t.Errorf("%q: %v", info, err)
		}
		_ = sha1.Sum(info)
	})
}
