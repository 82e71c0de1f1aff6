//go:build linux

package relay_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// troubles is when a nemesis was at work.
type troubles struct {
	mu   sync.Mutex
	list []trouble
}

// trouble lasts from before it begins to after its end: what happened in it may happen
// again.
type trouble struct {
	from, to time.Time
	woken    string // the sidecar that was stopped, and went on at its end; "" for none
}

// What was done in the last moments before a trouble was not yet recorded, and in those
// after it what had begun in it ends.
const (
	unrecorded = time.Second
	aftermath  = 2 * time.Second
)

// during runs a nemesis. woken is the sidecar that did not run meanwhile, if any.
func (f *fleet) during(woken string, nemesis func()) {
	from := time.Now()
	nemesis()
	f.troubles.mu.Lock()
	defer f.troubles.mu.Unlock()
	f.troubles.list = append(f.troubles.list, trouble{from.Add(-unrecorded), time.Now().Add(aftermath), woken})
}

// wokenThen reports whether a sidecar had just been woken: it then sends what it had
// begun before.
func (f *fleet) wokenThen(name string, at time.Time) bool {
	return slices.ContainsFunc(f.troubles.list, func(t trouble) bool {
		return t.woken == name && at.After(t.to.Add(-aftermath-slack)) && at.Before(t.to)
	})
}

// records is what the database has at the end.
type records struct {
	seq   map[string]int64            // by event
	ended map[string]map[int64]string // by webhook: the status that ended a delivery
	late  int
	to    map[string]bool // webhook and event: it was accepted for that
}

// check stops the posters, waits until all is delivered, and applies the oracles.
func (f *fleet) check() {
	t := f.t
	t.Helper()
	f.stop()
	f.posting.Wait()
	eventually(t, "all deliveries end", func() bool {
		left := f.value(`SELECT count(*) FROM {schema}.targets t WHERE NOT EXISTS (SELECT FROM {schema}.attempts a WHERE a.webhook = t.webhook AND a.seq = t.seq
			AND a.kind = 'attempt' AND NOT a.late AND a.status IN ('delivered', 'failed', 'exhausted', 'expired', 'canceled'))`)
		if left != "0" {
			time.Sleep(100 * time.Millisecond)
		}
		return left == "0"
	})
	f.gapless()
	r := f.read()
	all := f.to.arrivals()
	f.acknowledged(r, all)
	f.inOrder(r, all)
	f.owned(all)
	f.withinRate(all)
	repeats := f.repeated(all)
	f.mu.Lock()
	defer f.mu.Unlock()
	counted(t, max(1, len(f.troubles.list)), len(f.acked), repeats)
	t.Logf("%d events acknowledged, %d posts refused, %d requests, %d repeats, %d late", len(f.acked), f.refused.Load(), len(all), repeats, r.late)
}

// value is what a query of the schema has, "" while the database does not answer.
func (f *fleet) value(sql string) string {
	var value string
	f.query(sql, func(row []string) error { value = row[0]; return nil })
	return value
}

// query calls visit for each row, whose columns are texts; NULL is "".
func (f *fleet) query(sql string, visit func(row []string) error) error {
	ctx, cancel := timeout(20 * time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, f.direct)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return texts(ctx, c, strings.ReplaceAll(sql, "{schema}", f.schema), visit)
}

// texts calls visit for each row of a query over a connection.
func texts(ctx context.Context, c *pgconn.PgConn, sql string, visit func(row []string) error) error {
	results, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		return err
	}
	for _, values := range results[0].Rows {
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = string(v)
		}
		if err := visit(row); err != nil {
			return err
		}
	}
	return nil
}

// gapless: the numbers have no gaps.
func (f *fleet) gapless() {
	for _, table := range []string{"events.seq", "ids.n", "attempts.n"} {
		name, column, _ := strings.Cut(table, ".")
		got := f.value(fmt.Sprintf(`SELECT count(*) || ' from ' || min(%s) || ' to ' || max(%[1]s) FROM {schema}.%s`, column, name))
		count, _, _ := strings.Cut(got, " ")
		if want := count + " from 1 to " + count; got != want {
			f.t.Errorf("%s: %s, want %s", table, got, want)
		}
	}
}

func (f *fleet) read() *records {
	f.t.Helper()
	r := &records{seq: map[string]int64{}, ended: map[string]map[int64]string{}, to: map[string]bool{}}
	err := f.query(`SELECT seq, webhooks, substring(convert_from(line, 'UTF8') FROM '"id":"([0-9a-z-]+)"') FROM {schema}.events`, func(row []string) error {
		seq, err := strconv.ParseInt(row[0], 10, 64)
		webhooks, id := row[1], row[2]
		for name := range strings.FieldsSeq(webhooks) {
			r.to[name+" "+id] = true
		}
		if r.seq[id] != 0 {
			f.t.Errorf("%s was accepted twice, as %d and %d", id, r.seq[id], seq)
		}
		r.seq[id] = seq
		return err
	})
	if err == nil {
		err = f.query(`SELECT webhook, seq, status, late FROM {schema}.attempts WHERE kind = 'attempt' AND status <> 'retrying' ORDER BY n`, func(row []string) error {
			webhook, status := row[0], row[2]
			seq, err := strconv.ParseInt(row[1], 10, 64)
			if err != nil {
				return err
			}
			if row[3] == "t" {
				r.late++
				return nil
			}
			if r.ended[webhook] == nil {
				r.ended[webhook] = map[int64]string{}
			}
			if before := r.ended[webhook][seq]; before != "" {
				f.t.Errorf("%s: the delivery of record %d ended twice, as %s and %s", webhook, seq, before, status)
			}
			r.ended[webhook][seq] = status
			return nil
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// acknowledged: each acknowledged event is in the database, and each of its deliveries has
// arrived, or has ended with a reason.
func (f *fleet) acknowledged(r *records, all []arrival) {
	arrived := map[string]bool{}
	for _, a := range all {
		if a.ended() {
			arrived[a.webhook+" "+a.id] = true
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, kind := range f.acked {
		seq := r.seq[id]
		if seq == 0 {
			f.t.Errorf("%s was acknowledged, and is lost", id)
			continue
		}
		for _, k := range kinds {
			if k.types != "a.*" && k.types != kind || k.name == f.lacking && !r.to[k.name+" "+id] {
				continue
			}
			want := "delivered"
			if k.name == "flaky" && strings.HasSuffix(id, "-bad") {
				want = "failed"
			}
			if got := r.ended[k.name][seq]; got != want || !arrived[k.name+" "+id] {
				f.t.Errorf("%s to %s ended as %q, want %s; arrived: %v", id, k.name, got, want, arrived[k.name+" "+id])
			}
		}
	}
	for _, a := range all {
		if r.seq[a.id] == 0 {
			f.t.Errorf("%s got %s, which was never accepted", a.webhook, a.id)
		}
	}
}

// inOrder: what has an order comes first in that order, whatever comes again.
func (f *fleet) inOrder(r *records, all []arrival) {
	last, seen := map[string]arrival{}, map[string]bool{}
	for _, a := range all {
		key := a.webhook
		switch key {
		case "keyed":
			parts := strings.SplitN(a.id, "-", 3)
			n, _ := strconv.Atoi(parts[1])
			key += " " + keyOf(parts[0], n)
		case "ordered":
		default:
			continue
		}
		if seen[a.webhook+" "+a.id] {
			continue
		}
		seen[a.webhook+" "+a.id] = true
		if before, ok := last[key]; ok && r.seq[before.id] > r.seq[a.id] {
			f.t.Errorf("%s: record %d came from %s %v after record %d from %s", key, r.seq[a.id], a.from, a.at.Sub(before.at), r.seq[before.id], before.from)
		}
		last[key] = a
	}
}

// owned: a request comes from the owner of its webhook, so epochs do not overlap.
func (f *fleet) owned(all []arrival) {
	stragglers := map[string]int{}
	for _, a := range all {
		switch {
		case a.from == "" || f.owners.had(a.webhook, a.from, a.at):
		case f.wokenThen(a.from, a.at):
			if stragglers[a.webhook+a.from]++; stragglers[a.webhook+a.from] > most*len(f.troubles.list) {
				f.t.Errorf("%s got more from %s than it had begun when it was stopped", a.webhook, a.from)
			}
		default:
			f.t.Errorf("%s got %s from %s, which did not own it at %s: %s", a.webhook, a.id, a.from, a.at.Format(moment), f.owners.of(a.webhook))
		}
	}
}

// withinRate: no second has more requests than the rate of the webhook, but for what a
// sidecar had begun when it was stopped. A request is seen up to slack later than it came.
func (f *fleet) withinRate(all []arrival) {
	const rate = 20
	var at []time.Time
	for _, a := range all {
		if a.webhook == "rated" && !f.wokenThen(a.from, a.at) {
			at = append(at, a.at)
		}
	}
	for i := rate; i < len(at); i++ {
		if took := at[i].Sub(at[i-rate]); took < time.Second-slack {
			f.t.Errorf("%d requests came in %v, against a rate of %d/s", rate+1, took, rate)
		}
	}
}

// repeated: what has ended comes again only if that was in a trouble, or right before.
func (f *fleet) repeated(all []arrival) (repeats int) {
	last := map[string]arrival{}
	for _, a := range all {
		key := a.webhook + " " + a.id
		before, ok := last[key]
		if ok {
			repeats++
			if !slices.ContainsFunc(f.troubles.list, func(t trouble) bool { return before.at.After(t.from) && before.at.Before(t.to) }) {
				f.t.Errorf("%s from %s was answered %v, and came again %v later from %s", key, before.from, before.status, a.at.Sub(before.at), a.from)
			}
		}
		if a.ended() {
			last[key] = a
		}
	}
	return repeats
}
