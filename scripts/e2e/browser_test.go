package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"

	"offing/scripts/browser"
	"offing/scripts/rig"
)

// page is a browser's tab whose failures are the test's.
type page struct {
	*browser.Page
	t *testing.T
}

// openPage starts a browser and signs in as the system's administrator.
func openPage(t *testing.T) page {
	t.Helper()
	return openPageOf(t, rig.Person{User: system.User, Password: system.Password})
}

// openPageOf starts a browser and signs in.
func openPageOf(t *testing.T, who rig.Person) page {
	t.Helper()
	p := newPage(t)
	p.signIn(system.URL, who)
	return p
}

// newPage starts a browser that has opened nothing.
func newPage(t *testing.T) page {
	t.Helper()
	b, err := browser.Open(context.Background(), 1440, 900)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return page{b, t}
}

func (p page) signIn(url string, who rig.Person) {
	p.t.Helper()
	p.try("sign in", func(ctx context.Context) error { return p.SignIn(ctx, url, who.User, who.Password) })
}

// click waits for an element that is to be seen, and clicks it.
func (p page) click(what, selector string) {
	p.t.Helper()
	p.try("click "+what, func(ctx context.Context) error { return p.Do(ctx, chromedp.Click(selector)) })
}

// fill types into a field.
func (p page) fill(selector, text string) {
	p.t.Helper()
	p.try("fill in "+selector, func(ctx context.Context) error { return p.Do(ctx, chromedp.SendKeys(selector, text)) })
}

// read evaluates a JavaScript expression to a string.
func (p page) read(what, expression string) (text string) {
	p.t.Helper()
	p.try("read "+what, func(ctx context.Context) (err error) {
		text, err = p.Text(ctx, expression)
		return err
	})
	return text
}

func (p page) try(what string, do func(context.Context) error) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := do(ctx); err != nil {
		p.picture("failed")
		p.t.Fatalf("%s: %v", what, err)
	}
}

// until waits until a JavaScript expression is true.
func (p page) until(what, expression string) {
	p.t.Helper()
	p.try("wait for "+what, func(ctx context.Context) error { return p.Until(ctx, expression) })
	p.t.Logf("the page shows %s", what)
}

// progress is what the page's bar of a torrent says, in percent.
func (p page) progress(hash string) (percent float64) {
	p.t.Helper()
	p.try("read the progress", func(ctx context.Context) error {
		s, err := p.Text(ctx, browser.Bar(hash)+`.getAttribute("aria-valuenow")`)
		if err == nil {
			percent, err = strconv.ParseFloat(s, 64)
		}
		return err
	})
	return percent
}

// picture keeps a screenshot where OFFING_SCREENSHOTS says, if it says.
func (p page) picture(name string) {
	if dir := os.Getenv("OFFING_SCREENSHOTS"); dir != "" {
		p.Screenshot(context.Background(), filepath.Join(dir, name+".png"))
	}
}
