package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"

	"offing/tunnel/state"
)

// hello opens a connection, in both directions. It never changes, so that two
// versions can tell each other that they do not fit.
type hello struct {
	Version uint32 `cbor:"1,keyasint"`
}

// name is the body of a frame that is about a command and says no more.
type name struct {
	ID ID `cbor:"1,keyasint"`
}

// count is the body of Taken.
type count struct {
	Bytes uint64 `cbor:"1,keyasint"`
}

// codec makes the bodies of frames and reads them. Each is one CBOR item (RFC 8949),
// a map with small integer keys, without tags and indefinite lengths. A key that the
// reader does not know is ignored.
type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

// Limits of an item, a little above what the vocabulary needs.
const (
	maxNesting = 8
	maxKeys    = 64
	majorMap   = 5 // of a CBOR item (RFC 8949, section 3.1)
)

func newCodec() (c codec, err error) {
	c.enc, err = cbor.EncOptions{IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden}.EncMode()
	if err != nil {
		return c, fmt.Errorf("cbor encoder: %w", err)
	}
	c.dec, err = cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels:  maxNesting,
		MaxArrayElements: MaxTorrents,
		MaxMapPairs:      maxKeys,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		UTF8:             cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		return c, fmt.Errorf("cbor decoder: %w", err)
	}
	return c, nil
}

// encode returns the body of v.
func (c codec) encode(v any) ([]byte, error) {
	body, err := c.enc.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return body, nil
}

// decode reads a body into v.
func (c codec) decode(body []byte, v any) error {
	// CBOR's null would pass for any struct.
	if len(body) == 0 || body[0]>>5 != majorMap {
		return fmt.Errorf("%w: the body is not a map", errMalformed)
	}
	if err := c.dec.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	return nil
}

// name reads a body that names a command.
func (c codec) name(body []byte) (ID, error) {
	var n name
	err := c.decode(body, &n)
	return n.ID, err
}

// validate checks what CBOR cannot.
func (r *Result) validate() error {
	if r.Done < 0 || r.Failed < 0 || len(r.Faults) > MaxFailures || r.Fault != nil && !r.Fault.valid() {
		return errors.New("a result beyond its limits")
	}
	for i := range r.Faults {
		if !r.Faults[i].Fault.valid() {
			return errors.New("a failure beyond its limits")
		}
	}
	if r.Added != nil && (len(r.Added.Name) > state.MaxName || !utf8.ValidString(r.Added.Name)) {
		return errors.New("a name beyond its limits")
	}
	return nil
}

// maxCode bounds a FaultCode, in bytes.
const maxCode = 64

func (f *Fault) valid() bool {
	return len(f.Text) <= state.MaxText && len(f.Code) <= maxCode && utf8.ValidString(f.Text)
}

// bounded returns r within what home takes: a result that home refused would end
// every connection.
func (r *Result) bounded() *Result {
	if r.validate() == nil {
		return r
	}
	b := *r
	b.Done, b.Failed = max(b.Done, 0), max(b.Failed, 0)
	if b.Fault != nil {
		f := b.Fault.bounded()
		b.Fault = &f
	}
	b.Faults = slices.Clone(b.Faults[:min(len(b.Faults), MaxFailures)])
	for i := range b.Faults {
		b.Faults[i].Fault = b.Faults[i].Fault.bounded()
	}
	if b.Added != nil {
		a := *b.Added
		a.Name = cut(a.Name, state.MaxName)
		b.Added = &a
	}
	return &b
}

func (f *Fault) bounded() Fault {
	return Fault{Code: FaultCode(cut(string(f.Code), maxCode)), Text: cut(f.Text, state.MaxText)}
}

// cut returns s as UTF-8 of at most n bytes, cut between two runes.
func cut(s string, n int) string {
	if s = strings.ToValidUTF8(s, string(utf8.RuneError)); len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
