package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/historytest"
	"sidehook/history/historytest/played"
	"sidehook/history/postgres/archive"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/history/postgres/transfer"
	"sidehook/history/query"
	"sidehook/history/stats"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// imported returns a reader of what a folder has, in PostgreSQL with partitions of so
// many records.
func imported(t *testing.T, disk *historytest.Disk, width int) *archive.Reader {
	t.Helper()
	s := postgrestest.Shared(t)
	schema := s.Schema(t)
	if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	s.Exec(t, fmt.Sprintf(`UPDATE %s.head SET width = %d`, schema, width))
	db, err := database.Open(database.Options{URL: s.URL(), Schema: schema, Sync: database.Storage})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if _, err := transfer.ImportFS(t.Context(), disk, transfer.Options{DB: db}); err != nil {
		t.Fatal(err)
	}
	return archive.New(db)
}

// reading is what both readers can.
type reading interface {
	query.Records
	EventID(history.Seq) (string, error)
	Namesakes(string, int) ([]history.EventRecord, error)
	Newest() (history.LineNo, error)
	Events(context.Context, query.EventQuery, func(*query.AcceptedEvent) bool) error
	Summaries(string, time.Time, time.Time) ([]history.WebhookStats, error)
	Backlogs() (map[string]uint64, error)
	Recent(since, until time.Time, visit func(*stats.Minute) bool) error
	Bulk(context.Context, query.Bulk) (query.Matches, error)
	Resend(context.Context, string) (*query.ResendProgress, error)
	Update(context.Context, *query.ResendProgress) (bool, error)
	Trace(query.EventRef) (*query.EventTrace, error)
}

// TestSameAnswers: what the files answer, PostgreSQL answers for the same records.
func TestSameAnswers(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *historytest.Disk{"generated": historytest.Generated, "played": played.History} {
		t.Run(name, func(t *testing.T) {
			disk := make(t)
			files, err := query.OpenFS(disk)
			if err != nil {
				t.Fatal(err)
			}
			tables := imported(t, disk, 1000)
			q := newQuestions(t, files)
			for subject, ask := range map[string]func(*testing.T, reading) []string{
				"attempts": q.attempts, "events": q.events, "traces": q.traces, "stats": q.stats, "bulk": q.bulk,
			} {
				t.Run(subject, func(t *testing.T) {
					got, want := ask(t, tables), ask(t, files)
					if len(want) == 0 {
						t.Fatal("the files answer nothing")
					}
					different := 0
					for i := range max(len(got), len(want)) {
						var g, w string
						if i < len(got) {
							g = got[i]
						}
						if i < len(want) {
							w = want[i]
						}
						if g != w {
							if different++; different < 5 {
								t.Errorf("got\n%.1500s\nwant\n%.1500s", g, w)
							}
						}
					}
				})
			}
		})
	}
}

// questions are asked of both readers.
type questions struct {
	webhooks, types, ids, sent []string
	seqs                       []history.Seq
	from, to                   time.Time
	bulk_                      []string
}

func newQuestions(t *testing.T, r *query.Reader) *questions {
	webhooks, types, ids, sent, bulk := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	q := &questions{}
	if err := r.Records(func(o *history.DeliveryRecord) bool {
		webhooks[o.Webhook], types[o.Type], sent[o.SentID] = true, true, true
		if q.from.IsZero() || o.At.Before(q.from) {
			q.from = o.At
		}
		if o.At.After(q.to) {
			q.to = o.At
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.Accepted(func(a *history.EventRecord) bool {
		q.seqs = append(q.seqs, a.Seq)
		if id, err := r.EventID(a.Seq); err == nil {
			ids[id] = true
		}
		bulk[a.Bulk] = true
		return true
	}); err != nil {
		t.Fatal(err)
	}
	list := func(m map[string]bool) []string {
		delete(m, "")
		return slices.Sorted(maps.Keys(m))
	}
	q.webhooks, q.types, q.ids, q.sent, q.bulk_ = list(webhooks), list(types), list(ids), list(sent), list(bulk)
	return q
}

var batch = regexp.MustCompile(`"batch":\d+,`)

func text(raw []byte) string { return batch.ReplaceAllString(string(raw), "") }

// spans are some of the time of the history.
func (q *questions) spans() [][2]time.Time {
	third := q.to.Sub(q.from) / 3
	return [][2]time.Time{{}, {q.from.Add(third)}, {q.from.Add(third), q.to.Add(-third)}, {{}, q.from.Add(third)}}
}

func (q *questions) attempts(t *testing.T, r reading) (list []string) {
	var all []query.Query
	add := func(x query.Query) {
		all = append(all, x)
		span := q.spans()[len(all)%4]
		x.Since, x.Until, x.Unresolved = span[0], span[1], len(all)%3 == 0
		all = append(all, x)
	}
	add(query.Query{})
	for range 4 {
		add(query.Query{Unresolved: true})
	}
	for _, webhook := range q.webhooks {
		add(query.Query{Webhook: webhook})
		add(query.Query{Webhook: webhook, Statuses: []history.Status{history.Exhausted, history.Failed}})
	}
	for _, glob := range append(slices.Clone(q.types), "order.*", "**", "*.paid", "user.**", "no.such") {
		add(query.Query{Type: query.Glob(glob)})
		add(query.Query{Type: query.Glob(glob), Webhook: q.webhooks[0], Codes: query.Codes{From: 500, To: 599}})
	}
	for _, status := range history.Statuses() {
		add(query.Query{Statuses: []history.Status{status}})
	}
	for _, codes := range []query.Codes{{From: 503, To: 503}, {From: 200, To: 299}, {From: 410, To: 410}} {
		add(query.Query{Codes: codes})
	}
	for i := range 10 {
		add(query.Query{Event: fmt.Sprint("seq:", q.seqs[i*len(q.seqs)/10])})
		add(query.Query{Event: q.ids[i*len(q.ids)/10]})
	}
	for _, id := range q.sent[:min(3, len(q.sent))] {
		add(query.Query{Event: id})
	}
	for i, x := range all {
		most := []int{3, 150, 1 << 30}[i%3]
		line := fmt.Sprintf("%+v:", x)
		for page := 0; page < 2; page++ {
			n, last := 0, history.LineNo(0)
			err := r.Attempts(x, func(o *history.DeliveryRecord) bool {
				line += " " + text(o.JSON())
				last = o.N
				n++
				return n < most
			})
			if err != nil {
				t.Fatal(err)
			}
			if x.Before = last; n < most {
				break
			}
		}
		list = append(list, line)
	}
	n, err := r.Newest()
	return append(list, fmt.Sprint("newest ", n, err))
}

func (q *questions) events(t *testing.T, r reading) (list []string) {
	var all []query.EventQuery
	choices := []query.Choice{query.Either, query.Yes, query.No}
	for _, webhook := range append([]string{""}, q.webhooks[:4]...) {
		for _, glob := range []query.Glob{"", query.Glob(q.types[0]), "order.*"} {
			for _, matched := range choices {
				for _, waiting := range choices {
					span := q.spans()[(len(all)/5)%4]
					all = append(all, query.EventQuery{Webhook: webhook, Type: glob, Matched: matched, Waiting: waiting, Since: span[0], Until: span[1]})
				}
			}
		}
	}
	for i, x := range all {
		if i%3 < 2 {
			x.Limit = []int{5, 60}[i%3]
		}
		line := fmt.Sprintf("%+v:", x)
		for page := 0; page < 2; page++ {
			n := 0
			err := r.Events(t.Context(), x, func(a *query.AcceptedEvent) bool {
				line += fmt.Sprintf(" %d %s %s %v", a.Seq, a.At, a.Parsed.ID, a.Statuses)
				n++
				x.Before = a.Seq
				return n != x.Limit
			})
			if err != nil {
				t.Fatal(err)
			}
			if n != x.Limit {
				break
			}
		}
		list = append(list, line)
	}
	return list
}

func (q *questions) traces(t *testing.T, r reading) (list []string) {
	refs := []query.EventRef{{ID: "no such"}, {Seq: 1 << 40}}
	for i := range min(len(q.seqs), 100) {
		refs = append(refs, query.EventRef{Seq: q.seqs[i*len(q.seqs)/min(len(q.seqs), 100)]})
	}
	for i := range 20 {
		id := q.ids[i*len(q.ids)/20]
		refs = append(refs, query.EventRef{ID: id}, query.EventRef{ID: id, Source: "test"})
	}
	for _, id := range q.sent[:min(len(q.sent), 20)] {
		refs = append(refs, query.EventRef{ID: id})
	}
	for _, ref := range refs {
		trace, err := r.Trace(ref)
		line := fmt.Sprintf("%+v: not found: %t", ref, errors.Is(err, history.ErrNotFound))
		if err == nil {
			line += fmt.Sprintf(" %s %s %v", text(trace.JSON()), trace.Parsed.ID, trace.Statuses())
			for i := range trace.Resends {
				line += " " + text(trace.Resends[i].JSON())
			}
			for _, a := range trace.Attempts() {
				line += " " + text(a)
			}
		}
		list = append(list, line)
		id, err := r.EventID(ref.Seq)
		namesakes, _ := r.Namesakes(ref.ID, 3)
		list = append(list, fmt.Sprint("id of ", ref, " ", id, err, len(namesakes)))
	}
	return list
}

func (q *questions) stats(t *testing.T, r reading) (list []string) {
	for _, webhook := range []string{"", q.webhooks[0], "no-such"} {
		for _, span := range append(q.spans()[1:], [2]time.Time{q.from.Add(-time.Hour), q.to.Add(time.Hour)}) {
			if span[0].IsZero() {
				span[0] = q.from
			}
			if span[1].IsZero() {
				span[1] = q.to
			}
			all, err := r.Summaries(webhook, span[0], span[1])
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(all)
			list = append(list, fmt.Sprint(webhook, span, string(raw), err))
		}
	}
	minutes := map[string][4]float64{}
	err := r.Recent(q.from, q.to.Add(-time.Second), func(m *stats.Minute) bool {
		sum := minutes[m.Webhook+m.At.UTC().String()]
		sum[0], sum[1], sum[2] = sum[0]+float64(m.Delivered), sum[1]+float64(m.Failed), sum[2]+float64(m.GivenUp)
		for took, n := range m.Took.All() {
			sum[3] += float64(took.Microseconds()) * float64(n) // exact, in whatever parts a minute comes
		}
		minutes[m.Webhook+m.At.UTC().String()] = sum
		return true
	})
	for _, key := range slices.Sorted(maps.Keys(minutes)) {
		m := minutes[key]
		list = append(list, fmt.Sprint(key, m[:3], int(m[3]), err))
	}
	backlogs, err := r.Backlogs()
	return append(list, fmt.Sprint(backlogs, err))
}

func (q *questions) bulk(t *testing.T, r reading) (list []string) {
	for _, webhooks := range [][]string{nil, {q.webhooks[0]}, q.webhooks[:2]} {
		for _, statuses := range [][]history.Status{history.Undelivered(), history.Ends()} {
			for _, to := range []string{"", "elsewhere", q.webhooks[1]} {
				for i, span := range q.spans() {
					if to == q.webhooks[1] && i > 0 {
						continue // of resends before since the files may know some, and need not
					}
					m, err := r.Bulk(t.Context(), query.Bulk{Webhooks: webhooks, Statuses: statuses, To: to, Since: span[0], Until: span[1]})
					if err != nil {
						t.Fatal(err)
					}
					line := fmt.Sprintf("%v %v %v %v: %d %d", webhooks, statuses, to, span, m.Count, m.Gone)
					var each []string
					for _, again := range m.List {
						each = append(each, fmt.Sprint(" ", again.Of, m.Targets.List[again.To]))
					}
					slices.Sort(each)
					list = append(list, fmt.Sprint(line, each))
				}
			}
		}
	}
	for _, id := range append(q.bulk_, "r1", "x") {
		p, err := r.Resend(t.Context(), id)
		if err != nil {
			list = append(list, fmt.Sprint(id, errors.Is(err, history.ErrNotFound)))
			continue
		}
		ok, err := r.Update(t.Context(), p)
		list = append(list, fmt.Sprint(id, ok, err, p.Count, p.Delivered, p.GivenUp, p.Waiting()))
	}
	return list
}

func exec(t *testing.T, r *archive.Reader, sql string) {
	t.Helper()
	postgrestest.Shared(t).Exec(t, r.DB().SQL(sql))
}
