package control

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"strings"
	"testing"

	"offing/tunnel/command"
	"offing/tunnel/state"
)

const info1 = "d5:filesld6:lengthi3e4:pathl1:aeed6:lengthi4e4:pathl1:b1:ceee4:name3:dir12:piece lengthi16384e6:pieces0:e"

func TestMetainfo(t *testing.T) {
	got, err := parseMetainfo([]byte("d8:announce4:http4:info" + info1 + "8:url-list0:e"))
	if err != nil || got.hash != state.Hash(sha1.Sum([]byte(info1))) || got.size != 7 || got.files != 2 || fmt.Sprint(got.names) != "[dir]" {
		t.Errorf("%+v, %v", got, err)
	}
	// A key out of order does no harm, and the hash is of the bytes as they are.
	odd := "d6:pieces0:4:name1:x6:lengthi0ee"
	if got, err = parseMetainfo([]byte("d4:info" + odd + "e")); err != nil || got.hash != state.Hash(sha1.Sum([]byte(odd))) {
		t.Errorf("%+v, %v", got, err)
	}
	hybrid := "d9:file treede6:lengthi1e12:meta versioni2e4:name1:x6:pieces0:e"
	if got, err = parseMetainfo([]byte("d4:info" + hybrid + "e")); err != nil || got.size != 1 {
		t.Errorf("hybrid: %+v, %v", got, err)
	}
	var f *command.Fault
	if _, err = parseMetainfo([]byte("d4:infod9:file treede12:meta versioni2e4:name1:xee")); !errors.As(err, &f) || f.Code != command.Unsupported {
		t.Errorf("v2: %v", err)
	}
	for _, bad := range []string{
		"", "d", "de", "le", "i1e", "<html>", "d4:info0:e", "d4:infodee", "d4:info" + info1, "d4:info" + info1 + "ee",
		"d4:info" + info1 + "4:info" + info1 + "e",                                           // twice: which of them would the box take?
		"d4:infod6:lengthi1e4:name1:x4:name1:y6:pieces0:ee",                                  // likewise
		"d4:infod6:lengthi01e4:name1:x6:pieces0:ee",                                          // two ways to read it
		"d4:infod6:lengthi1e4:name01:x6:pieces0:ee",                                          //
		"d4:infod6:lengthi-1e4:name1:x6:pieces0:ee",                                          //
		"d4:infod6:lengthi1e4:name4:../x6:pieces0:ee",                                        //
		"d4:infod6:lengthi1e4:name2:..6:pieces0:ee",                                          //
		"d4:infod6:lengthi1e4:name0:6:pieces0:ee",                                            //
		"d4:infod6:lengthi1e4:name2:a\n6:pieces0:ee",                                         //
		"d4:infod6:lengthi1e4:name1:\xff6:pieces0:ee",                                        //
		"d4:infod6:lengthi1e4:name1:x10:name.utf-84:../y6:pieces0:ee",                        //
		"d4:infod5:filesld6:lengthi9223372036854775807eed6:lengthi1eee4:name1:x6:pieces0:ee", //
		strings.Repeat("l", 1<<20), "d4:info" + strings.Repeat("d1:a", 1<<20), "9999999999999999999:", "d4:info99:xe",
	} {
		if got, err := parseMetainfo([]byte(bad)); !errors.As(err, &f) || f.Code != command.BadTorrent || got.hash != (state.Hash{}) && err == nil {
			t.Errorf("%.60q: %+v, %v", bad, got, err)
		}
	}
}

func TestMagnet(t *testing.T) {
	h := state.Hash{0xab, 0xcd, 19: 0xef}
	for _, good := range []string{
		"magnet:?xt=urn:btih:" + h.String(), "magnet:?dn=x&xt=urn:btih:" + strings.ToUpper(h.String()) + "&tr=http%3A%2F%2Fx",
		"MAGNET:?xt.1=urn:btih:" + h.String(), "magnet:?xt=urn:btmh:1220ff&xt=urn:btih:" + h.String(),
		"magnet:?xt=urn:btih:VPGQAAAAAAAAAAAAAAAAAAAAAAAAAAHP", "magnet:?xt=urn:btih:vpgqaaaaaaaaaaaaaaaaaaaaaaaaaahp",
		"magnet:?xt=urn:btih:" + h.String() + "&xt=urn:btih:" + h.String(),
	} {
		if got, err := parseMagnet(good); err != nil || got != h {
			t.Errorf("%s: %v, %v", good, got, err)
		}
	}
	var f *command.Fault
	if _, err := parseMagnet("magnet:?xt=urn:btmh:1220ff"); !errors.As(err, &f) || f.Code != command.Unsupported {
		t.Errorf("v2: %v", err)
	}
	for _, bad := range []string{
		"", "magnet:", "magnet:?dn=x", "http://x/?xt=urn:btih:" + h.String(), "magnet:?xt=urn:btih:123", "magnet:?xt=urn:sha1:" + h.String(),
		"magnet:?xt=urn:btih:" + h.String() + "&xt=urn:btih:" + state.Hash{1}.String(), "magnet:?xt=urn:btih:" + strings.Repeat("1", 32),
		"magnet:?xt=urn:btih:" + strings.Repeat("z", 40), h.String(), "magnet:?xt=%zz", "magnet:?xt=urn:btih:" + state.Hash{}.String(),
	} {
		if got, err := parseMagnet(bad); !errors.As(err, &f) || f.Code != command.BadTorrent {
			t.Errorf("%q: %v, %v", bad, got, err)
		}
	}
}

func FuzzMetainfo(f *testing.F) {
	f.Add([]byte("d4:info" + info1 + "e"))
	f.Add([]byte("d4:infod9:file treede12:meta versioni2e4:name1:xee"))
	f.Add(metainfo("film", 7).Metainfo)
	f.Add([]byte("d4:infod6:pieces0:4:name1:x6:lengthi0eee"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := parseMetainfo(file)
		if err != nil {
			return
		}
		if got.size < 0 || got.files < 1 || len(got.names) == 0 || !possible(got.names[0]) {
			t.Fatalf("%+v", got)
		}
		if b := bencoded(file); b.whole() != nil {
			t.Fatal("what is no bencoding passes")
		}
	})
}

func FuzzMagnet(f *testing.F) {
	f.Add("magnet:?xt=urn:btih:VPGQAAAAAAAAAAAAAAAAAAAAAAAAAAHP")
	f.Add("magnet:?xt.1=urn:btih:" + state.Hash{1}.String() + "&xt=urn:btmh:1220")
	f.Fuzz(func(t *testing.T, link string) {
		if h, err := parseMagnet(link); (h == state.Hash{}) != (err != nil) {
			t.Fatalf("%v, %v", h, err)
		}
	})
}
