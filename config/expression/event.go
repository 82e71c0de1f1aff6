package expression

// Event is the event that expressions are evaluated on. It decodes each name once,
// when the first expression reads it. Expressions may use it one at a time.
type Event struct {
	size    int
	lookup  func(name string) []byte
	decoded []decoded
}

type decoded struct {
	name  string
	value any
}

// NewEvent makes an event of so many bytes of JSON. Lookup returns the value of a
// name as valid JSON, or nil if the event has no such name.
func NewEvent(size int, lookup func(name string) []byte) *Event {
	return &Event{size: size, lookup: lookup}
}

// name returns the value of a name.
func (e *Event) name(name string) any {
	for i := range e.decoded {
		if e.decoded[i].name == name {
			return e.decoded[i].value
		}
	}
	var value any
	if raw := e.lookup(name); raw != nil {
		value = decode(raw)
	}
	e.decoded = append(e.decoded, decoded{name, value})
	return value
}
