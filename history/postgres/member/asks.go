package member

type asks struct{}

func (a *asks) wake() {}

// Asked is an action that another member has asked for.
type Asked struct {
	Webhook, Kind string
	Arguments     []byte
}
