package account

import "testing"

// Ended is closed when the session ends.
func (f *fixture) Ended(id SessionID) <-chan struct{} {
	c := make(chan struct{})
	f.OnEnd(id, func() { close(c) })
	return c
}

func TestOnEndStopped(t *testing.T) {
	f := newFixture(t)
	p := f.admin(t)
	stays := f.Ended(p.Session)
	stop := f.OnEnd(p.Session, func() { t.Error("called after it was stopped") })
	stop()
	if err := f.SignOut(t.Context(), p.Session); err != nil {
		t.Fatal(err)
	}
	if !hasEnded(stays) {
		t.Error("the other was not called")
	}
	stop() // too late, and harmless
	if n := len(f.endings.of); n != 0 {
		t.Errorf("%d sessions are still waited for", n)
	}
}
