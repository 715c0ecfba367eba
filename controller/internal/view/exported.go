package view

import "offing/controller/internal/owners"

// WithoutSecrets returns scheme and host of a tracker's URL, or nothing of what is
// none: what somebody is told to whom the secret in it does not belong.
func WithoutSecrets(announce string) string { return withoutSecrets(announce) }

// TextFor returns what trackers, or whoever made a torrent, have written, for somebody
// with that access: of addresses the host, and no passkeys, unless the torrent is theirs.
func TextFor(text string, access owners.Access) string { return textFor(text, access) }
