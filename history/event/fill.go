package event

import (
	"encoding/hex"
	"slices"
	"time"

	"github.com/google/uuid"
)

// maxFill bounds the bytes that fill adds, without the value of source.
const maxFill = 128

// fillable are the attributes that may be filled in, in their order.
var fillable = [...]role{version, id, source, when}

// filledNames has a list of names for each form and each set of attributes that can be
// filled in: bit k stands for fillable[k]. All events share these lists.
var filledNames = func() (names [len(attributeNames)][1 << len(fillable)][]string) {
	for f := range names {
		for set := range names[f] {
			for k, r := range fillable {
				if set>>k&1 == 1 {
					names[f][set] = append(slices.Clip(names[f][set]), attributeNames[f][r])
				}
			}
		}
	}
	return names
}()

// fill adds the attributes that the object lacks, and returns their names in a list that
// must not be changed. It puts them before the given members; if an envelope begins with
// its version, the version stays first. dst has room before the object, so that little has
// to be moved.
func (d *Decoder) fill(s *scanner, f form, at *places, quotedSource []byte, now *time.Time) []string {
	var (
		buffer [2 * maxFill]byte
		room   [len(fillable)]member
		text   = buffer[:0]
		added  = room[:0]
		set    = 0
		lead   = 0 // how many members stay in front
	)
	if f == legacy && at[version] == 1 {
		lead = 1
	}
	for k, r := range fillable {
		if at[r] != 0 {
			continue
		}
		set |= 1 << k
		name := attributeNames[f][r]
		var m member
		m.at = uint32(len(text))
		text = append(text, '"')
		text = append(text, name...)
		text = append(text, `":`...)
		m.value = uint32(len(text))
		text = d.appendDefault(text, r, quotedSource, now)
		m.end = uint32(len(text))
		text = append(text, ',')
		added = append(added, m)
	}
	if len(added) == 0 {
		return nil
	}

	cut, size := s.members[lead].at, uint32(len(text))
	copy(s.dst[s.base-len(text):], s.dst[s.base:cut])
	copy(s.dst[cut-size:], text)
	s.base -= len(text)
	for k := range s.members[:lead] {
		s.members[k] = s.members[k].moved(-size)
	}
	for k := range added {
		added[k] = added[k].moved(cut - size)
	}
	s.members = slices.Insert(s.members, lead, added...)
	*at = s.locate(f)
	return filledNames[f][set]
}

func (d *Decoder) appendDefault(dst []byte, r role, quotedSource []byte, now *time.Time) []byte {
	switch r {
	case version:
		return append(dst, `"1.0"`...)
	case source:
		return append(dst, quotedSource...)
	}
	dst = append(dst, '"')
	if r == id {
		u := uuid.Must(uuid.NewV7())
		dst = hex.AppendEncode(dst, u[:4])
		for _, group := range [...][]byte{u[4:6], u[6:8], u[8:10], u[10:]} {
			dst = hex.AppendEncode(append(dst, '-'), group)
		}
	} else {
		if now.IsZero() {
			*now = d.now()
		}
		dst = now.UTC().AppendFormat(dst, time.RFC3339Nano)
	}
	return append(dst, '"')
}

func (d *Decoder) now() time.Time {
	if d.Now != nil {
		return d.Now()
	}
	return time.Now()
}
