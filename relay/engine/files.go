package engine

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"time"

	"sidehook/history"
	"sidehook/history/journal"
	"sidehook/history/query"
	"sidehook/history/stats"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/deliver"
	"sidehook/relay/metrics"
)

// Files opens the history in the files of a folder.
func Files(dir string, opts journal.Options) (*Storage, error) {
	j, err := journal.Open(dir, opts)
	if err != nil {
		return nil, err
	}
	where := dir
	if absolute, err := filepath.Abs(dir); err == nil {
		where = absolute
	}
	var memory query.Memory
	return &Storage{
		Engine: alone{j}, Open: deliver.Journal(j), Where: where,
		Failed: "the journal failed; sidehook exits, and recovers from what is on disk at the next start",
		Read:   func() (Reader, error) { return readFiles(dir, &memory) },
	}, nil
}

// Reader reads the history, while the engine writes it. It must be closed.
type Reader interface {
	admin.History
	finder
}

type finder interface {
	// Event returns an event, and Trace also what became of it; history.ErrNotFound.
	Event(query.EventRef) (history.EventRecord, error)
	// EventID returns the id of an event, "" if it is not to be had.
	EventID(seq history.Seq) (string, error)
	// Summaries returns how deliveries went; of all webhooks, if webhook is "".
	Summaries(webhook string, since, until time.Time) ([]history.WebhookStats, error)
	// Resend finds a resend in bulk, and Update brings it up to date, or returns false
	// if it has to be found again; history.ErrNotFound.
	Resend(ctx context.Context, id string) (*query.ResendProgress, error)
	Update(ctx context.Context, p *query.ResendProgress) (ok bool, err error)
	// Bulk returns the deliveries to be made again.
	Bulk(ctx context.Context, b query.Bulk) (query.Matches, error)
	Trace(query.EventRef) (*query.EventTrace, error)
	// Accepted visits the accepted events and resends, the newest first, until visit
	// returns false. A record is valid until the next one.
	Accepted(visit func(*history.EventRecord) bool) error
	// Namesakes returns the events of an id, the newest first.
	Namesakes(id string, most int) ([]history.EventRecord, error)
	// Recent calls visit for the attempts of each minute and webhook, until it returns
	// false.
	Recent(since, until time.Time, visit func(*stats.Minute) bool) error
}

// readFiles opens the history of the files engine for reading.
func readFiles(dir string, memory *query.Memory) (Reader, error) {
	r, err := query.Open(dir)
	if err != nil {
		return nil, err
	}
	r.Use(memory)
	return files{admin.Files(r), r}, nil
}

type files struct {
	admin.History
	finder
}

// alone is the files engine: one process has it, and so all webhooks.
type alone struct{ *journal.Journal }

func (a alone) Number(hash string, _ bool) history.Generation {
	n, last := a.Generation()
	if last != hash {
		n++
	}
	return n
}

func (a alone) WaitQueued(context.Context) bool { return true }
func (a alone) Declare(c Declaration)           { a.SetGeneration(c.Generation, c.Hash) }
func (a alone) Owns(string) bool                { return true }
func (a alone) WhileOwned(_ string, do func())  { do() }
func (a alone) Elsewhere(string) bool           { return false }
func (a alone) Owner(string) string             { return "" }
func (a alone) Differing(string) []string       { return nil }
func (a alone) Figures() map[string]api.Webhook { return nil }

func (a alone) Cluster() *metrics.Cluster { return nil }

func (a alone) Attempted(context.Context, []history.Seq, func(*history.DeliveryRecord)) error {
	return nil
}

// One process moves its deliveries before it accepts events under the new names.
func (a alone) Unmoved(context.Context, map[string]string) ([]string, error) { return nil, nil }
func (a alone) MayWait(context.Context, []string) ([]string, error)          { return nil, nil }
func (a alone) HoldUp([]string)                                              {}

func (a alone) Ask(context.Context, string, string, json.RawMessage) (json.RawMessage, error) {
	return nil, errors.New("there is no other process")
}
