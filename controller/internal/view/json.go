package view

import (
	"encoding/hex"
	"strconv"
	"unicode/utf8"

	"offing/controller/internal/owners"
	"offing/tunnel/state"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259, section 7). What is not
// UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			b = appendASCII(b, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		b = utf8.AppendRune(b, r)
		i += n
	}
	return append(b, '"')
}

func appendASCII(b []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(b, '\\', c)
	case c < ' ' || c == 0x7f:
		return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(b, c)
}

// appendPlace appends the members that say which torrent it is.
func appendPlace(b []byte, box string, h state.Hash) []byte {
	b = appendString(append(b, `,"box":`...), box)
	b = hex.AppendEncode(append(b, `,"hash":"`...), h[:])
	return append(b, '"')
}

// inRow are the fields that a row has.
const inRow = state.FieldName | state.FieldStatus | state.FieldError | state.FieldSize | state.FieldLeft |
	state.FieldMetadata | state.FieldChecked | state.FieldRateDown | state.FieldRateUp | state.FieldDownloaded |
	state.FieldUploaded | state.FieldPeers | state.FieldPeersSending | state.FieldPeersGetting | state.FieldWebSeeds |
	state.FieldAdded | state.FieldDone | state.FieldQueue | state.FieldLabels

// appendFields appends the fields f of t as members, each after a comma, for
// somebody with that access.
func appendFields(b []byte, t *state.Torrent, f state.Fields, access owners.Access) []byte {
	if f.Has(state.FieldName) {
		b = appendString(append(b, `,"name":`...), t.Name)
	}
	if f.Has(state.FieldStatus) {
		b = appendString(append(b, `,"status":`...), t.Status.String())
	}
	if f.Has(state.FieldError) {
		b = appendString(append(b, `,"error":`...), textFor(t.ErrorText, access))
		b = strconv.AppendUint(append(b, `,"error_kind":`...), uint64(t.Error), 10)
	}
	for _, n := range numbers {
		if f.Has(n.field) {
			b = strconv.AppendInt(append(b, n.key...), n.value(t), 10)
		}
	}
	if f.Has(state.FieldLabels) {
		b = appendStrings(append(b, `,"labels":`...), t.Labels)
	}
	return b
}

func appendStrings(b []byte, all []string) []byte {
	b = append(b, '[')
	for i, s := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

// appendOwners appends the names of those who own the torrent.
func appendOwners(b []byte, grants []owners.Grant) []byte {
	var names []string
	for _, g := range grants {
		if g.Access == owners.Own {
			names = append(names, string(g.User))
		}
	}
	return appendStrings(append(b, `,"owners":`...), names)
}

// word is what pages call an access.
func word(a owners.Access) string {
	switch a {
	case owners.Own:
		return "own"
	case owners.Act:
		return "act"
	}
	return "see"
}

// number is a field whose JSON form is an integer.
type number struct {
	field state.Fields
	key   string // with what stands around it
	value func(*state.Torrent) int64
}

// numbers are in the order in which they stand in a row.
var numbers = [...]number{
	{state.FieldSize, `,"size":`, func(t *state.Torrent) int64 { return t.Size }},
	{state.FieldLeft, `,"left":`, func(t *state.Torrent) int64 { return t.Left }},
	{state.FieldMetadata, `,"metadata":`, func(t *state.Torrent) int64 { return int64(t.Metadata) }},
	{state.FieldChecked, `,"checked":`, func(t *state.Torrent) int64 { return int64(t.Checked) }},
	{state.FieldRateDown, `,"rate_down":`, func(t *state.Torrent) int64 { return t.RateDown }},
	{state.FieldRateUp, `,"rate_up":`, func(t *state.Torrent) int64 { return t.RateUp }},
	{state.FieldDownloaded, `,"downloaded":`, func(t *state.Torrent) int64 { return t.Downloaded }},
	{state.FieldUploaded, `,"uploaded":`, func(t *state.Torrent) int64 { return t.Uploaded }},
	{state.FieldPeers, `,"peers":`, func(t *state.Torrent) int64 { return int64(t.Peers) }},
	{state.FieldPeersSending, `,"peers_sending":`, func(t *state.Torrent) int64 { return int64(t.PeersSending) }},
	{state.FieldPeersGetting, `,"peers_getting":`, func(t *state.Torrent) int64 { return int64(t.PeersGetting) }},
	{state.FieldWebSeeds, `,"web_seeds":`, func(t *state.Torrent) int64 { return int64(t.WebSeeds) }},
	{state.FieldAdded, `,"added":`, func(t *state.Torrent) int64 { return t.Added }},
	{state.FieldDone, `,"done":`, func(t *state.Torrent) int64 { return t.Done }},
	{state.FieldQueue, `,"queue":`, func(t *state.Torrent) int64 { return int64(t.Queue) }},
}
