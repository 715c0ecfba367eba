package account

import (
	"sync"
	"testing"
	"time"
)

// TestChangesAtOnce has several use one recovery code and one authenticator's code,
// all of them past their look at the record before one of them writes it. That each
// of the losers looks again is what all codes rely on.
func TestChangesAtOnce(t *testing.T) {
	f := newFixture(t)
	phone, codes := f.enrol(t, f.admin(t))
	f.clock.pass(2 * totpPeriod * time.Second)
	code := phone.code(t, 0)
	for what, spend := range map[string]func(*person) error{
		"recovery code": func(who *person) error { return who.spendRecovery(string(codes[0])) },
		"code":          func(who *person) error { return who.TOTP.accept(code, f.clock.Now()) },
	} {
		const n = 4
		var looked sync.WaitGroup
		looked.Add(n)
		won := atOnce(t, n, func(int) error {
			var once sync.Once
			_, err := f.change(t.Context(), "ada", func(who *person) error {
				once.Do(func() {
					looked.Done()
					looked.Wait()
				})
				return spend(who)
			})
			return err
		}, ErrBadCode)
		if won != 1 {
			t.Errorf("%d used one %s", won, what)
		}
	}
}
