package member

import (
	"maps"

	"sidehook/history"
)

// Declaration is what a member's file says.
type Declaration struct {
	File       string // a hash of what the file means
	Generation history.Generation
	Entries    map[string]Entry // by webhook
}

func (d *Declaration) same(other *Declaration) bool {
	return d.File == other.File && d.Generation == other.Generation && maps.Equal(d.Entries, other.Entries)
}

// Declare says what the member's file has.
func (m *Member) Declare(d Declaration) {
	m.mu.Lock()
	m.declared, m.unsent = d, true
	m.mu.Unlock()
	m.wakeBeat()
}
