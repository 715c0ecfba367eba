// Package browser drives a real Chromium on Offing's page: the end-to-end tests
// and the benchmarks look through it.
package browser

import (
	"context"
	"fmt"
	"os"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Page is one tab of a Chromium with a profile of its own.
type Page struct {
	ctx   context.Context
	close []func()
}

// Option changes how a Chromium is started.
type Option = chromedp.ExecAllocatorOption

// AnyCertificate takes a server's certificate for good whoever has signed it.
var AnyCertificate Option = chromedp.Flag("ignore-certificate-errors", true)

// Open starts a Chromium of the given window size in CSS pixels. It ends with
// ctx or with Close.
func Open(ctx context.Context, width, height int, more ...Option) (_ *Page, err error) {
	profile, err := os.MkdirTemp("", "offing-chromium-")
	if err != nil {
		return nil, err
	}
	p := &Page{close: []func(){func() { os.RemoveAll(profile) }}}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // root, as in CI, has no sandbox
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(width, height),
		chromedp.UserDataDir(profile),
	)
	options = append(options, more...)
	allocator, cancel := chromedp.NewExecAllocator(ctx, options...)
	p.close = append(p.close, cancel)
	p.ctx, cancel = chromedp.NewContext(allocator)
	p.close = append(p.close, cancel)
	if err := chromedp.Do(p.ctx); err != nil {
		p.Close()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	return p, nil
}

// Close ends the browser and waits for it.
func (p *Page) Close() {
	chromedp.Cancel(p.ctx)
	for i := len(p.close) - 1; i >= 0; i-- {
		p.close[i]()
	}
}

// Do runs steps one after the other; ctx bounds them.
func (p *Page) Do(ctx context.Context, steps ...chromedp.Action[chromedp.Void]) error {
	_, err := bounded(ctx, p, chromedp.Steps(steps...))
	return err
}

// bounded runs an action in p until ctx ends.
func bounded[T any](ctx context.Context, p *Page, action chromedp.Action[T]) (T, error) {
	inner, cancel := context.WithCancelCause(p.ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })()
	result, err := chromedp.Run(inner, action)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return result, err
}

// SignIn opens the page at url, signs in and returns when the page is live.
func (p *Page) SignIn(ctx context.Context, url, user, password string) error {
	return p.Do(ctx,
		chromedp.Navigate(url),
		chromedp.WaitVisible(`input[name="user"]`),
		chromedp.SendKeys(`input[name="user"]`, user),
		chromedp.SendKeys(`input[name="password"]`, password),
		chromedp.Click(`button[type="submit"]`),
		chromedp.WaitReady(`[data-live="live"]`),
	)
}

// SetUp makes the first account at the setup link and returns when the page is live.
func (p *Page) SetUp(ctx context.Context, link, user, password string) error {
	return p.Do(ctx,
		chromedp.Navigate(link),
		chromedp.WaitVisible(`input[name="user"]`),
		chromedp.SendKeys(`input[name="user"]`, user),
		chromedp.SendKeys(`input[name="password"]`, password),
		chromedp.SendKeys(`input[name="password2"]`, password),
		chromedp.Click(`button[type="submit"]`),
		chromedp.WaitReady(`[data-live="live"]`),
	)
}

// Cookies returns those that the page's address has.
func (p *Page) Cookies(ctx context.Context) ([]*network.Cookie, error) {
	return bounded(ctx, p, func(ctx context.Context, t *chromedp.Target) ([]*network.Cookie, error) {
		answer, err := cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{})
		return answer.Cookies, err
	})
}

// Before runs a script in every document of the page before the document's own.
func (p *Page) Before(ctx context.Context, script string) error {
	_, err := bounded(ctx, p, func(ctx context.Context, t *chromedp.Target) (page.AddScriptToEvaluateOnNewDocumentResult, error) {
		return cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	})
	return err
}

// Passkeys gives the page's device an authenticator that keeps passkeys, and
// whose user agrees to everything.
func (p *Page) Passkeys(ctx context.Context) error {
	return p.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{
				Protocol:                    webauthn.AuthenticatorProtocolCtap2,
				Transport:                   webauthn.AuthenticatorTransportInternal,
				HasResidentKey:              true,
				HasUserVerification:         true,
				IsUserVerified:              true,
				AutomaticPresenceSimulation: true,
			},
		})
		return err
	}))
}

// Until waits until a JavaScript expression is true; it is evaluated at each
// frame that the page draws.
func (p *Page) Until(ctx context.Context, expression string) error {
	return p.Do(ctx, chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(0)))
}

// Text evaluates a JavaScript expression to a string.
func (p *Page) Text(ctx context.Context, expression string) (string, error) {
	return bounded(ctx, p, chromedp.Evaluate[string](expression))
}

// Screenshot writes what the window shows to a PNG file.
func (p *Page) Screenshot(ctx context.Context, path string) error {
	png, err := bounded(ctx, p, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(path, png, 0o644)
}

// Bar is the JavaScript expression of a torrent's progress bar.
func Bar(hash string) string {
	return `document.querySelector('[data-hash="` + hash + `"] [role=progressbar]')`
}
