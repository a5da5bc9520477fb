package main

import (
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The types of keys that x/mod does not know: c2sp.org/tlog-cosignature.
const (
	ed25519Cosignature = 0x04
	mldsa44Cosignature = 0x06
)

// A cosigner verifies the signature lines of one key of type 0x04 or 0x06.
// The log's own ML-DSA-44 line is of type 0x06 too.
type cosigner struct {
	name   string
	hash   uint32
	kind   byte
	public []byte
}

// newVerifier reads a verifier key of any type: 0x01 is left to x/mod.
func newVerifier(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("not a verifier key: %q", vkey)
	}
	name := parts[0]
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("verifier key of %s: not base64", name)
	}
	digest := sha256.Sum256(append([]byte(name+"\n"), key...))
	hash := binary.BigEndian.Uint32(digest[:4])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, fmt.Errorf("verifier key of %s: the ID is of another key", name)
	}
	kind, public := key[0], key[1:]
	switch {
	case kind == ed25519Cosignature && len(public) == ed25519.PublicKeySize:
	case kind == mldsa44Cosignature && len(public) == mldsa.MLDSA44PublicKeySize:
	default:
		return note.NewVerifier(vkey)
	}
	return &cosigner{name, hash, kind, public}, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.hash }

// Verify checks u64 time || signature over the text of a checkpoint.
func (c *cosigner) Verify(text, signature []byte) bool {
	if len(signature) < 8 {
		return false
	}
	time, raw := binary.BigEndian.Uint64(signature), signature[8:]
	if time == 0 || time > 1<<63-1 {
		return false
	}
	if c.kind == ed25519Cosignature {
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
		return ed25519.Verify(c.public, []byte(message), raw)
	}
	head, err := parseCheckpoint(string(text))
	if err != nil || len(c.name) > 255 || len(head.origin) > 255 {
		return false
	}
	public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), c.public)
	if err != nil {
		return false
	}
	return mldsa.Verify(public, c.subtree(head, time), raw, &mldsa.Options{}) == nil
}

// subtree is the message of type 0x06: the whole tree, from entry 0 to its size.
func (c *cosigner) subtree(head checkpoint, time uint64) []byte {
	message := []byte("subtree/v1\n\x00")
	message = append(message, byte(len(c.name)))
	message = append(message, c.name...)
	message = binary.BigEndian.AppendUint64(message, time)
	message = append(message, byte(len(head.origin)))
	message = append(message, head.origin...)
	message = binary.BigEndian.AppendUint64(message, 0)
	message = binary.BigEndian.AppendUint64(message, uint64(head.size))
	return append(message, head.root[:]...)
}
