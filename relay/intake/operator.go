package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"sidehook/history"
)

// Operator answers those who look at the relay and act on it. Its methods may
// be called at once. Beside the errors below and history's, an error means
// that it cannot answer now.
type Operator interface {
	// Webhooks returns the webhooks, or the one of that name; *NotFoundError.
	Webhooks(ctx context.Context, name string) ([]Webhook, error)
	// Enable ends that a webhook is disabled; *NotFoundError.
	Enable(ctx context.Context, name string) error
	// Retry makes all that waits for a webhook due now; *NotFoundError.
	Retry(ctx context.Context, name string) error
	// Test sends a webhook an event of its own and returns the record of the
	// attempt, which is durable on return, whatever it came to; *NotFoundError.
	Test(ctx context.Context, name string) (json.RawMessage, error)
	// Event returns what is known of an event; *NotFoundError.
	Event(ctx context.Context, which history.Which) (Story, error)
	// Resend sends an event again, which is durable on return; *NotFoundError,
	// *UnprocessableError.
	Resend(ctx context.Context, which history.Which, to Target) (Resent, error)
	// ResendBulk makes deliveries that have ended again, which is durable on
	// return; *NotFoundError, *UnprocessableError.
	ResendBulk(ctx context.Context, b Bulk) (Resends, error)
	// Cancel ends waiting deliveries, which is durable on return, and says how
	// many; *NotFoundError for a webhook.
	Cancel(ctx context.Context, which Cancel) (int, error)
	// Accept records damage of the history as known, durably on return.
	Accept(ctx context.Context, problems []history.Problem) error
	// History opens the history to be looked at; the caller closes it.
	History(ctx context.Context) (*history.Reading, error)
	// Config returns the file in force.
	Config(ctx context.Context) (Config, error)
}

// NotFoundError says that there is no such thing.
type NotFoundError struct {
	What string // and its name, such as `webhook "a"`
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s", e.What) }

// UnprocessableError says why what is asked cannot be done.
type UnprocessableError struct{ Problem string }

func (e *UnprocessableError) Error() string { return e.Problem }

// Webhook is one webhook and where it stands.
type Webhook struct {
	Name string `json:"name"`
	// Configured is a JSON object: its other keys as configured, secrets as
	// ***. They stand behind the name. Empty for one that has gone.
	Configured  json.RawMessage `json:"-"`
	State       string          `json:"state"`
	Since       time.Time       `json:"since,omitzero"`
	Why         string          `json:"why,omitempty"`
	Backlog     Backlog         `json:"backlog"`
	Holds       int64           `json:"holds_history_bytes,omitempty"` // that cannot be removed because of what waits
	InFlight    int             `json:"in_flight"`
	LastHour    LastHour        `json:"last_hour"`
	LastSuccess time.Time       `json:"last_success,omitzero"`
	LastError   string          `json:"last_error,omitempty"`
	Next        time.Time       `json:"next,omitzero"`
}

// Backlog is what still waits for a webhook.
type Backlog struct {
	Events        int     `json:"events"`
	Bytes         int64   `json:"bytes"`
	OldestSeconds float64 `json:"oldest_seconds"`
}

// LastHour counts what became of attempts, and says how long half of them, and
// all but a hundredth, took at most; 0 if there were none.
type LastHour struct {
	Delivered int     `json:"delivered"`
	Failed    int     `json:"failed"`
	P50       float64 `json:"p50_ms,omitzero"`
	P99       float64 `json:"p99_ms,omitzero"`
}

// MarshalJSON puts what is configured behind the name.
func (w Webhook) MarshalJSON() ([]byte, error) {
	type bare Webhook
	object, err := json.Marshal(bare(w))
	keys := bytes.TrimSpace(w.Configured)
	if err != nil || len(keys) == 0 {
		return object, err
	}
	if keys[0] != '{' || keys[len(keys)-1] != '}' {
		return nil, fmt.Errorf("webhook %q: its configuration is no JSON object", w.Name)
	}
	keys = bytes.TrimSpace(keys[1 : len(keys)-1])
	if len(keys) == 0 {
		return object, nil
	}
	name, err := json.Marshal(w.Name)
	if err != nil {
		return nil, err
	}
	at := len(`{"name":`) + len(name)
	return bytes.Join([][]byte{object[:at], keys, object[at+1:]}, []byte{','}), nil
}

// Story is an event and what became of it. What stands as a raw message is a
// record of the history without its checksum.
type Story struct {
	Seq        uint64            `json:"seq"`
	At         time.Time         `json:"at"`
	Generation uint64            `json:"generation"`
	To         []string          `json:"to"`
	Test       string            `json:"test,omitempty"` // the webhook that it is a test of
	Filled     []string          `json:"filled,omitempty"`
	Event      json.RawMessage   `json:"event"`
	Webhooks   []Decision        `json:"webhooks"`
	Resends    []json.RawMessage `json:"resends,omitempty"`
	Attempts   []json.RawMessage `json:"attempts"`
}

// Decision is why a webhook gets an event or not, and where its delivery is.
type Decision struct {
	Webhook string    `json:"webhook"`
	Wanted  bool      `json:"wanted"`
	Glob    string    `json:"glob,omitempty"` // the one that matched
	When    string    `json:"when,omitempty"` // the condition that holds, or decided otherwise
	Why     string    `json:"why,omitempty"`
	Now     bool      `json:"now,omitempty"`    // as the file in force decides, not the one of that time
	Status  string    `json:"status,omitempty"` // of its last attempt; waiting before the first
	Next    time.Time `json:"next,omitzero"`
}

// Target says where an event goes again.
type Target struct {
	Webhooks []string
	All      bool   // to all that it was accepted for; neither: to the only one
	By       string // who asks: cli or api
}

// Resent says what a resend did.
type Resent struct {
	ID       string   `json:"id"`
	Seq      uint64   `json:"seq,omitempty"` // of the resend; 0 if nothing but waiting deliveries was made due
	Webhooks []string `json:"webhooks"`
	Hastened []string `json:"hastened,omitempty"` // those of Webhooks whose waiting delivery is due now instead
	Gone     []string `json:"gone,omitempty"`
}

// Config is the file in force.
type Config struct {
	Path       string    `json:"path"`
	Hash       string    `json:"hash"`
	Generation uint64    `json:"generation"`
	Loaded     time.Time `json:"loaded"`
	Errors     []string  `json:"errors"` // of the last edit, if it was refused
}
