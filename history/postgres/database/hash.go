package database

import (
	"crypto/sha256"
	"encoding/binary"
)

// Hash returns the value of a column id_hash for the id of an event. Two ids may have the
// same hash, so a search must compare the id in the line.
func Hash(id string) int64 {
	sum := sha256.Sum256([]byte(id))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
