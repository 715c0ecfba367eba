package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"offing/scripts/browser"
)

// page is a browser's tab whose failures are the test's.
type page struct {
	*browser.Page
	t *testing.T
}

// openPage starts a browser and signs in as the system's administrator.
func openPage(t *testing.T) page {
	t.Helper()
	b, err := browser.Open(context.Background(), 1440, 900)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	p := page{b, t}
	p.try("sign in", func(ctx context.Context) error {
		return p.SignIn(ctx, system.URL, system.User, system.Password)
	})
	return p
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
