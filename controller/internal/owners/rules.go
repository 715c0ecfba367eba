package owners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"offing/controller/internal/account"
	"offing/controller/internal/store"
	"offing/tunnel/state"
)

const (
	maxRules   = 200
	maxPattern = 256 // bytes of a rule's name
	maxBoxName = 64  // bytes, as the fleet has it
	rulesKey   = "rules"
)

// Rule gives torrents that nobody owns to a person, as they appear or as their
// labels or name change. What is empty fits all. The first rule that fits a torrent
// is applied, the others are not looked at.
type Rule struct {
	Box    string // name of the box
	Label  string // one of the torrent's, in whatever case
	Name   string // pattern of path.Match for the whole name, in whatever case; * also matches a slash
	User   account.User
	Access Access // not None
}

// storedRule is a Rule in the store.
type storedRule struct {
	Box    string `json:"box,omitempty"`
	Label  string `json:"label,omitempty"`
	Name   string `json:"name,omitempty"`
	User   string `json:"user"`
	Access Access `json:"access"`
}

// fits tells whether the rule is for the torrent s of a box.
func (r *Rule) fits(box string, s *sight) bool {
	if r.Box != "" && r.Box != box {
		return false
	}
	if r.Label != "" && !slices.ContainsFunc(s.labels, func(l string) bool { return strings.EqualFold(l, r.Label) }) {
		return false
	}
	if r.Name == "" {
		return true
	}
	ok, err := path.Match(plain(r.Name), plain(s.name))
	return ok && err == nil
}

// plain makes a name, or the pattern of one, something without case and slashes.
func plain(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "∕") }

func (r *Rule) valid() bool {
	_, err := path.Match(plain(r.Name), "")
	return err == nil && len(r.Name) <= maxPattern && utf8.ValidString(r.Name) &&
		len(r.Label) <= state.MaxLabel && utf8.ValidString(r.Label) &&
		len(r.Box) <= maxBoxName && utf8.ValidString(r.Box) &&
		r.User != "" && r.Access >= See && r.Access <= Own
}

// Rules returns the rules in their order. The slice must not be written to.
func (o *Owners) Rules() []Rule { return *o.rules.Load() }

// SetRules replaces all rules, which are then applied to every torrent that nobody
// owns. It returns a *RuleError, or ErrBadRules when there are too many, and has
// then changed nothing.
func (o *Owners) SetRules(ctx context.Context, rules []Rule) error {
	if len(rules) > maxRules {
		return fmt.Errorf("%w: there are more than %d", ErrBadRules, maxRules)
	}
	o.writing.Lock()
	defer o.writing.Unlock()
	for i := range rules {
		if !rules[i].valid() {
			return &RuleError{i + 1, ErrBadRules}
		}
		if ok, err := o.people.Exists(ctx, rules[i].User); err != nil {
			return fmt.Errorf("look for a person: %w", err)
		} else if !ok {
			return &RuleError{i + 1, ErrUnknownPerson}
		}
	}
	return o.setRulesLocked(ctx, slices.Clone(rules))
}

func (o *Owners) setRulesLocked(ctx context.Context, rules []Rule) error {
	stored := make([]storedRule, 0, len(rules))
	for _, r := range rules {
		stored = append(stored, storedRule{r.Box, r.Label, r.Name, string(r.User), r.Access})
	}
	value, err := json.Marshal(stored)
	if err == nil {
		err = replace(ctx, o.buckets.rules, rulesKey, value)
	}
	if err != nil {
		return fmt.Errorf("keep the rules: %w", err)
	}
	o.rules.Store(&rules)
	select {
	case o.newRules <- struct{}{}:
	default: // Follow has not looked at the last ones yet
	}
	return nil
}

// forgetRulesLocked drops the rules that give to user.
func (o *Owners) forgetRulesLocked(ctx context.Context, user account.User) error {
	toThem := func(r Rule) bool { return r.User == user }
	if !slices.ContainsFunc(o.Rules(), toThem) {
		return nil
	}
	return o.setRulesLocked(ctx, slices.DeleteFunc(slices.Clone(o.Rules()), toThem))
}

func (o *Owners) loadRules(ctx context.Context) error {
	rules := []Rule{}
	o.rules.Store(&rules)
	e, err := o.buckets.rules.Get(ctx, rulesKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rules, err = decodeRules(e.Value)
	return err
}

func decodeRules(value []byte) ([]Rule, error) {
	var stored []storedRule
	if json.Unmarshal(value, &stored) != nil {
		return nil, fmt.Errorf("%w: the rules cannot be decoded", store.ErrDamaged)
	}
	rules := make([]Rule, 0, len(stored))
	for _, s := range stored {
		r := Rule{s.Box, s.Label, s.Name, account.User(s.User), s.Access}
		if !r.valid() {
			return nil, fmt.Errorf("%w: a rule is not valid", store.ErrDamaged)
		}
		rules = append(rules, r)
	}
	return rules, nil
}
