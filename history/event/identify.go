package event

// Identify returns the id and the type of a stored event, as JSON strings that share
// stored; nil if it lacks one. It reads no further than to the second of them, in either
// form: neither form has a member of the other one's name.
func Identify(stored []byte) (rawID, rawType []byte) {
	s := scanner{src: stored, compact: true}
	i := 0
	for before := byte('{'); s.at(i) == before && s.at(i+1) == '"'; before = ',' {
		name := i + 2
		end := s.text(name)
		if end < 0 || s.at(end) != ':' {
			break
		}
		value := end + 1
		if i = s.value(value, s.at(value), 1); i < 0 {
			break
		}
		r := modern.role(stored[name : end-1])
		if r == extension {
			r = legacy.role(stored[name : end-1])
		}
		switch {
		case stored[value] != '"':
		case r == id:
			rawID = stored[value:i]
		case r == kind:
			rawType = stored[value:i]
		}
		if rawID != nil && rawType != nil {
			return rawID, rawType
		}
	}
	return nil, nil
}
