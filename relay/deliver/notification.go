package deliver

// Notification says that something happened that an operator may want to know.
type Notification struct {
	Kind    EventKind
	Webhook string
	Event   string // the id of the event whose delivery caused it; "" if none did
	Type    string // of that event
	Why     string
}

// EventKind is the kind of a Notification.
type EventKind int

const (
	Exhausted EventKind = iota // a delivery was given up after its last attempt
	Disabled
	Enabled
	Failing
	Recovered
)

// cause is the event and the reason that led to a notification.
type cause struct{ event, typ, why string }

// notify must be called after the change was recorded, without a lock.
func (w *worker) notify(kind EventKind, c cause) {
	w.d.options.Notify(Notification{Kind: kind, Webhook: w.name, Event: c.event, Type: c.typ, Why: c.why})
}
