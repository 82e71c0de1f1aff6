package deliver

// Happening is something that an operator may want to be told of.
type Happening struct {
	What    What
	Webhook string
	Event   string // the id of the event whose delivery brought it about; "" if none did
	Type    string // of that event
	Why     string
}

// What happened to a webhook, or to a delivery of it.
type What int

const (
	Exhausted What = iota // a delivery was given up behind its last wait
	Disabled
	Enabled
	Failing
	Recovered
)

// cause is what brought a happening about.
type cause struct{ event, typ, why string }

// happened tells of what was recorded already. It is not called under a lock.
func (w *worker) happened(what What, c cause) {
	w.d.options.Happened(Happening{What: what, Webhook: w.name, Event: c.event, Type: c.typ, Why: c.why})
}
