package fanout

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sync/errgroup"

	"offing/controller/internal/account"
)

// password is everybody's.
const password = "as good as any other"

// atOnce is how many tickets are made at the same time.
const atOnce = 16

// people are persons with a session each, numbered from 0.
type people struct {
	accounts *account.Accounts
	sessions []account.Principal // changed by tickets only
}

// nameOf returns the name of a person.
func nameOf(person int) account.User { return account.User(fmt.Sprintf("person-%d", person)) }

// tickets makes n tickets for so many sessions in turn.
func (p *people) tickets(ctx context.Context, n, sessions int) ([]string, error) {
	for len(p.sessions) < sessions {
		if err := p.signIn(ctx); err != nil {
			return nil, err
		}
	}
	tickets := make([]string, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i := range tickets {
		g.Go(func() error {
			ticket, _, err := p.accounts.IssuePageTicket(ctx, p.sessions[i%sessions])
			tickets[i] = string(ticket)
			return err
		})
	}
	return tickets, g.Wait()
}

// signIn adds a person with a session.
func (p *people) signIn(ctx context.Context) error {
	name := string(nameOf(len(p.sessions)))
	if err := p.accounts.Add(ctx, name, account.RoleUser, password); err != nil {
		return fmt.Errorf("add a person: %w", err)
	}
	token, _, err := p.accounts.SignIn(ctx, name, password, account.From{Address: netip.AddrFrom4([4]byte{127, 0, 0, 1})})
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	who, err := p.accounts.Authenticate(ctx, string(token))
	if err != nil {
		return err
	}
	p.sessions = append(p.sessions, who)
	return nil
}
