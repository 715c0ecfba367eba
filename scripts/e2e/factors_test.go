package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"offing/controller/client"
	"offing/scripts/rig"
)

const signedOut = `document.querySelector('[data-form="sign-in"]') !== null`

// TestCodes: somebody turns on codes from an app, and from then on the password
// is not enough; a recovery code stands in for the app, once.
func TestCodes(t *testing.T) {
	who := addPerson(t, "cleo")
	p := openPageOf(t, who)
	p.goTo("account")
	p.click("the way to codes", `[data-do="totp-enrol"]`)
	p.fill(`form:has([data-do="totp-enrol-yes"]) input[name="password"]`, who.Password)
	p.click("the next step", `[data-do="totp-enrol-yes"]`)
	p.until("the secret", `document.querySelector('[data-form="totp"] [data-secret]') !== null`)
	secret := strings.ReplaceAll(p.read("the secret", `document.querySelector('[data-form="totp"] [data-secret]').textContent`), " ", "")
	p.fill(`[data-form="totp"] input[name="code"]`, code(t, secret, time.Now()))
	p.until("that it is on, and ten recovery codes", `document.querySelector('[data-totp="on"]') !== null && document.querySelectorAll('[data-secret]').length === 10`)
	recovery := p.read("a recovery code", `document.querySelector('[data-secret]').textContent`)
	p.picture("codes")

	p.signOut()
	p.password(who)
	p.fill(`[data-form="second"] input[name="code"]`, "000000") // six digits are enough: they need no button
	p.until("that the code is wrong", refused)
	// The code of enrolment has been used; the next one is good already.
	p.fill(`[data-form="second"] input[name="code"]`, code(t, secret, time.Now().Add(30*time.Second)))
	p.until("the list", live)

	p.signOut()
	for _, good := range []bool{true, false} {
		p.password(who)
		p.click("the way without the app", `[data-do="recovery"]`)
		p.fill(`[data-method="recovery"] input[name="code"]`, strings.ToLower(recovery))
		p.enter()
		if !good {
			p.until("that a recovery code works once", refused)
			break
		}
		p.until("the list", live)
		p.signOut()
	}
}

// TestPasskey: a passkey signs in by itself, and a removed one does not.
func TestPasskey(t *testing.T) {
	who := addPerson(t, "dora")
	p := newPage(t)
	p.try("get an authenticator", p.Passkeys)
	local := strings.Replace(system.URL, "127.0.0.1", "localhost", 1) // no passkeys for addresses
	p.signIn(local, who)
	p.goTo("account")
	p.fill(`[data-form="passkey"] input[name="name"]`, "This browser")
	p.fill(`[data-form="passkey"] input[name="password"]`, who.Password)
	p.click("add", `[data-form="passkey"] button[type="submit"]`)
	p.until("the passkey", `document.querySelector('[data-passkey]')?.innerText.includes("This browser")`)

	p.signOut()
	p.click("the passkey's button", `[data-do="passkey"]`)
	p.until("the list", live)

	c := client.New(system.Socket)
	defer c.Close()
	p.signOut()
	if err := c.RemoveFactors(t.Context(), who.User); err != nil {
		t.Fatal(err)
	}
	p.click("the passkey's button", `[data-do="passkey"]`)
	p.until("that it is not known", refused)
}

// refused is the JavaScript expression that is true while a form says what is wrong.
const refused = `document.querySelector('form [role="alert"]')?.textContent.length > 0`

// live is the JavaScript expression that is true while a page shows the boxes live.
const live = `document.querySelector('[data-live="live"]') !== null`

// addPerson makes an account that ends with the test.
func addPerson(t *testing.T, user string) rig.Person {
	t.Helper()
	c := client.New(system.Socket)
	t.Cleanup(c.Close)
	who := rig.Person{User: user, Password: "a password of " + user}
	if err := c.AddUser(t.Context(), who.User, "user", who.Password); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.RemoveUser(context.Background(), who.User); err != nil {
			t.Error(err)
		}
	})
	return who
}

func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// goTo goes to another page by the menu.
func (p page) goTo(name string) {
	p.t.Helper()
	p.click("the menu", `[data-do="user-menu"]`)
	p.click(name, `a[href="`+name+`"]`)
}

func (p page) signOut() {
	p.t.Helper()
	p.click("the menu", `[data-do="user-menu"]`)
	p.click("sign out", `[data-sign-out]`)
	p.until("the sign-in", signedOut)
}

// password goes as far as a password gets somebody who has a second factor.
func (p page) password(who rig.Person) {
	p.t.Helper()
	p.try("give the password", func(ctx context.Context) error {
		return p.Do(ctx, chromedp.Reload(), chromedp.WaitVisible(`input[name="user"]`))
	})
	p.fill(`input[name="user"]`, who.User)
	p.fill(`input[name="password"]`, who.Password)
	p.enter()
	p.until("the second step, and no list", `document.querySelector('[data-form="second"]') !== null && !(`+live+`)`)
}

// enter submits the form that is shown.
func (p page) enter() {
	p.t.Helper()
	p.click("the form's button", `form button[type="submit"]`)
}
