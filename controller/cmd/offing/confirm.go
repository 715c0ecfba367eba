package main

import (
	"context"
	"fmt"
	"strings"
)

// yesOrNo asks on the terminal. Only a word that begins with y means yes.
func (a *app) yesOrNo(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(a.stderr, question+" [y/N] ")
	answer, err := a.readLine(ctx)
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y"), err
}
