package e2e

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

func (p page) pick(hash string) {
	p.t.Helper()
	p.click("the row's box", row(hash)+` [data-do="pick"]`)
}

// add opens the dialog, has it filled in, and sends it off.
func (p page) add(fillIn func(context.Context) error) {
	p.t.Helper()
	p.click("add", `[data-do="add"]`)
	p.until("the dialog", has(`[data-dialog="add"]`))
	p.try("say what to add", fillIn)
	p.click("the last word", `[data-do="add-yes"]`)
}

func (p page) closeDialog() {
	p.t.Helper()
	p.click("the cross", `[data-do="close-dialog"]`)
	p.until("no dialog", "!("+has("[data-dialog]")+")")
}

// added is the JavaScript expression that is true when the dialog says that of what
// was added.
func added(text string) string {
	return fmt.Sprintf(`document.querySelector('[data-dialog="add"] [data-added="done"] .text')?.textContent === %q`, text)
}

// setFile chooses a file in a field for files, as the browser's own dialog does.
func setFile(selector, path string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		// Not by DOM.getDocument, which makes chromedp's own numbers of nodes void.
		field, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: fmt.Sprintf("document.querySelector(%q)", selector)})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, ObjectID: field.Result.ObjectID})
		return err
	})
}

// pictures keeps a screenshot as the window is, and one as on a phone.
func (p page) pictures(name string) {
	p.t.Helper()
	p.picture(name)
	size := func(width, height int64) {
		p.try("change the size", func(ctx context.Context) error {
			return p.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
				return err
			}))
		})
	}
	size(390, 844)
	p.until("the phone's width", "innerWidth === 390")
	p.picture(name + "-phone")
	size(1440, 900)
	p.until("the old width", "innerWidth === 1440")
}
