package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"sidehook/history"
	"sidehook/history/queue"
)

// State is the current state of a relay.
type State struct {
	// Webhooks are those in force, and removed ones for which deliveries wait; each
	// name once.
	Webhooks     []Webhook
	HistoryBytes int64 // negative: unknown
	HistoryLimit int64
	DamagedLines int64
	Generation   history.Generation // of the configuration in force
	Loaded       time.Time          // when it took effect
	Refused      bool               // the last edit was rejected
	RefusedFiles int                // of include, which hold themselves up
	Outbox       *Outbox            // nil without one
	Cluster      *Cluster           // nil without one
}

// Cluster is the current state of a member of a cluster.
type Cluster struct {
	Up              bool // the database answers
	Members, Owned  int
	Takeovers, Late int64         // since the start
	Spooled         int           // events that wait on this host
	Skew            time.Duration // of the database's clock, ahead of this host's
}

// Outbox is the current state of all outboxes together.
type Outbox struct {
	Up                           bool // all can be read
	Oldest                       time.Duration
	Accepted, Duplicate, Refused uint64 // rows since the start
}

// Webhook is the current state of one webhook.
type Webhook struct {
	Name    string
	State   string
	Backlog queue.Backlog
}

// collector reads the current state for each scrape.
type collector struct{ current func() State }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("sidehook_"+name, help, labels, nil)
}

var (
	backlogEvents = describe("backlog_events", "Deliveries that have not ended.", "webhook")
	backlogBytes  = describe("backlog_bytes", "Bytes of the events whose deliveries have not ended.", "webhook")
	backlogOldest = describe("backlog_oldest_seconds", "Age of the oldest event whose delivery has not ended; 0 if there is none.", "webhook")
	inFlight      = describe("in_flight", "Deliveries that are being attempted.", "webhook")
	webhookState  = describe("webhook_state", "1 for the current state; the others are absent.", "webhook", "state")
	historyBytes  = describe("history_bytes", "Size of the files of the history.")
	historyLimit  = describe("history_limit_bytes", "Maximum size of the files of the history: history.max_size.")
	damagedLines  = describe("history_damaged_lines_total", "Damaged lines of the history that were found and skipped since the start.")
	refusedFiles  = describe("config_included_files_refused", "Files of include that have errors, so that they stay as they were when they were last good.")
	outboxUp      = describe("outbox_up", "1 if the outbox of each database can be read, else 0.")
	outboxEvents  = describe("outbox_events_total", "Rows taken from an outbox, by result: accepted, duplicate or refused.", "result")
	outboxOldest  = describe("outbox_oldest_seconds", "Age of the oldest row known to wait in an outbox; 0 if there is none, or if another sidehook has its turn to read it.")
	clusterUp     = describe("cluster_up", "1 if the database of the cluster answers, else 0.")
	clusterCount  = describe("cluster_members", "Members of the cluster that live, as this one sees it.")
	clusterOwned  = describe("cluster_owned_webhooks", "Webhooks that this member delivers to.")
	clusterTaken  = describe("cluster_takeovers_total", "Webhooks that this member took over from another one since its start.")
	clusterLate   = describe("cluster_late_attempts_total", "Attempts that this member recorded after it had lost the webhook, since its start.")
	clusterSkew   = describe("cluster_clock_skew_seconds", "By how much the database's clock is ahead of this host's.")
	clusterSpool  = describe("cluster_spooled_events", "Events that wait on this host until the database is back.")
	generation    = describe("config_generation", "Number of the configuration in force.")
	reloaded      = describe("config_last_reload_successful", "1 if the last edit of the file is in force, 0 if it was rejected.")
	reloadedAt    = describe("config_last_reload_success_timestamp_seconds", "When the configuration in force was loaded.")
)

func (*collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		backlogEvents, backlogBytes, backlogOldest, inFlight, webhookState,
		historyBytes, historyLimit, damagedLines, refusedFiles, outboxUp, outboxEvents, outboxOldest,
		clusterUp, clusterCount, clusterOwned, clusterTaken, clusterLate, clusterSkew, clusterSpool, generation, reloaded, reloadedAt,
	} {
		ch <- d
	}
}

func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...*dto.LabelPair) {
		ch <- &sample{d, labels, prometheus.GaugeValue, value}
	}
	now := c.current()
	states := map[string]*dto.LabelPair{}
	for i := range now.Webhooks {
		w := &now.Webhooks[i]
		webhook := label("webhook", w.Name)
		gauge(backlogEvents, float64(w.Backlog.Events), webhook)
		gauge(backlogBytes, float64(w.Backlog.Bytes), webhook)
		gauge(inFlight, float64(w.Backlog.InFlight), webhook)
		age := 0.0
		if oldest := w.Backlog.Oldest; !oldest.IsZero() {
			age = max(0, time.Since(oldest).Seconds())
		}
		gauge(backlogOldest, age, webhook)
		if states[w.State] == nil {
			states[w.State] = label("state", w.State)
		}
		gauge(webhookState, 1, states[w.State], webhook)
	}
	if now.HistoryBytes >= 0 {
		gauge(historyBytes, float64(now.HistoryBytes))
	}
	gauge(historyLimit, float64(now.HistoryLimit))
	ch <- &sample{damagedLines, nil, prometheus.CounterValue, float64(now.DamagedLines)}
	gauge(refusedFiles, float64(now.RefusedFiles))
	if now.Outbox != nil {
		collectOutbox(now.Outbox, ch)
	}
	if m := now.Cluster; m != nil {
		gauge(clusterUp, one(m.Up))
		gauge(clusterCount, float64(m.Members))
		gauge(clusterOwned, float64(m.Owned))
		gauge(clusterSkew, m.Skew.Seconds())
		gauge(clusterSpool, float64(m.Spooled))
		ch <- &sample{clusterTaken, nil, prometheus.CounterValue, float64(m.Takeovers)}
		ch <- &sample{clusterLate, nil, prometheus.CounterValue, float64(m.Late)}
	}
	gauge(generation, float64(now.Generation))
	gauge(reloaded, one(!now.Refused))
	gauge(reloadedAt, float64(now.Loaded.UnixMilli())/1000)
}

// one is 1 for what holds, else 0.
func one(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

func collectOutbox(o *Outbox, ch chan<- prometheus.Metric) {
	ch <- &sample{outboxUp, nil, prometheus.GaugeValue, one(o.Up)}
	ch <- &sample{outboxOldest, nil, prometheus.GaugeValue, o.Oldest.Seconds()}
	for _, count := range []struct {
		result string
		rows   uint64
	}{{"accepted", o.Accepted}, {"duplicate", o.Duplicate}, {"refused", o.Refused}} {
		ch <- &sample{outboxEvents, []*dto.LabelPair{label("result", count.result)}, prometheus.CounterValue, float64(count.rows)}
	}
}
