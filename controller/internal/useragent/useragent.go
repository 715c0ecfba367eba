// Package useragent tells in a few words which program a person signed in with.
package useragent

import (
	"regexp"
	"strings"
)

// name is what a program or a system is called whose User-Agent header fits mark.
type name struct {
	mark *regexp.Regexp
	text string
}

// Most browsers also claim to be others: the first that fits counts.
var browsers = []name{
	{regexp.MustCompile(`\bEdgA?/`), "Edge"},
	{regexp.MustCompile(`\bOPR/`), "Opera"},
	{regexp.MustCompile(`\bSamsungBrowser/`), "Samsung Internet"},
	{regexp.MustCompile(`\b(?:Firefox|FxiOS)/`), "Firefox"},
	{regexp.MustCompile(`\b(?:Chrome|CriOS|Chromium|HeadlessChrome)/`), "Chrome"},
	{regexp.MustCompile(`\bVersion/.*\bSafari/`), "Safari"},
	{regexp.MustCompile(`^curl/`), "curl"},
}

var systems = []name{
	{regexp.MustCompile(`\bAndroid\b`), "Android"},
	{regexp.MustCompile(`\biPhone\b`), "iPhone"},
	{regexp.MustCompile(`\biPad\b`), "iPad"},
	{regexp.MustCompile(`\bWindows\b`), "Windows"},
	{regexp.MustCompile(`\bMac OS X\b`), "macOS"},
	{regexp.MustCompile(`\bCrOS\b`), "ChromeOS"},
	{regexp.MustCompile(`\bLinux\b`), "Linux"},
}

// Name returns what people call the program of a User-Agent header (RFC 9110,
// section 10.1.5), such as "Firefox on Linux". What is not known stays as it is.
func Name(header string) string {
	browser, system := find(browsers, header), find(systems, header)
	switch {
	case browser == "":
		return strings.TrimSpace(header)
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func find(names []name, header string) string {
	for _, n := range names {
		if n.mark.MatchString(header) {
			return n.text
		}
	}
	return ""
}
