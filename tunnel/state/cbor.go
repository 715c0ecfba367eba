package state

import "errors"

// cborHash is the head of a CBOR byte string of a Hash's length (RFC 8949, section 3.1).
const cborHash = 0x40 | byte(len(Hash{}))

// UnmarshalCBOR reads a CBOR byte string of exactly 20 bytes; a decoder by itself
// would take a shorter or a longer one for a hash.
func (h *Hash) UnmarshalCBOR(b []byte) error {
	if len(b) != 1+len(h) || b[0] != cborHash {
		return errors.New("an info hash has 20 bytes")
	}
	copy(h[:], b[1:])
	return nil
}
