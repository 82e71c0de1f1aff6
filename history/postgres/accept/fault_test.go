package accept_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"sidehook/history"
	"sidehook/history/postgres/accept"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
)

// TestFaults breaks the connection, or the database, at each step of an accept. after
// is the count of records that there must be in the end, with those of a later accept
// that must succeed.
func TestFaults(t *testing.T) {
	const short = 700 * time.Millisecond
	type env struct {
		*member
		s *postgrestest.Server
		p *postgrestest.Proxy
	}
	appending := func(e env, id string) (string, error) {
		got, err := e.Append(context.Background(), []history.Entry{entry(e.t, id, "1", "a")})
		return seqs(got), err
	}
	resending := func(e env, _ string) (string, error) {
		got, err := e.Resend(context.Background(), &history.EventRecord{Seq: 1}, []string{"a"}, "cli")
		return fmt.Sprint(got.Seq), err
	}
	// raise has the server refuse records with a SQLSTATE.
	raise := func(code, when string) func(env) {
		return func(e env) {
			e.s.Exec(e.t, fmt.Sprintf(`CREATE FUNCTION %[1]s.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF %[3]s THEN RAISE 'injected' USING ERRCODE = '%[2]s'; END IF; RETURN NEW; END $$;
				CREATE TRIGGER fail BEFORE INSERT ON %[1]s.events FOR EACH ROW EXECUTE FUNCTION %[1]s.fail()`, e.db.Schema(), code, when))
		}
	}
	mend := func(e env) { e.s.Exec(e.t, `DROP TRIGGER fail ON `+e.db.Schema()+`.events`) }
	set := func(b postgrestest.Break) func(env) { return func(e env) { e.p.Set(b) } }
	soon := func(f func(env)) func(env) {
		return func(e env) { time.AfterFunc(short/4, func() { f(e) }) }
	}
	heal := set(postgrestest.Nothing)
	for _, c := range []struct {
		name   string
		begin  func(env)
		do     func(env, string) (string, error)
		during func(env) // begins to happen with the call; nil: nothing
		want   string
		err    error
		heal   func(env)
		after  int
	}{
		{"no connection for a while", set(postgrestest.Refuse), appending, soon(heal), "2", nil, heal, 3},
		{"no connection", set(postgrestest.Refuse), appending, nil, "", history.ErrAway, heal, 2},
		{"the connection ends under a resend", set(postgrestest.Refuse), resending, soon(heal), "0", history.ErrAway, heal, 2},
		{"the request is lost", set(postgrestest.CutRequest), appending, nil, "2", nil, heal, 3},
		{"the answer is lost", set(postgrestest.CutAnswer), appending, nil, "2", nil, heal, 3},
		{"the answer to a resend is lost", set(postgrestest.CutAnswer), resending, nil, "0", history.ErrAway, heal, 3},
		{"no answer", set(postgrestest.Hang), appending, nil, "", history.ErrAway, heal, 3},
		{"no answer to a resend", set(postgrestest.Hang), resending, nil, "0", history.ErrAway, heal, 3},
		{"the disk is full", raise("53100", "true"), appending, nil, "", history.ErrNoRoom, mend, 2},
		{"a deadlock for a while", raise("40P01", "true"), appending, soon(mend), "2", nil, nil, 3},
		{"too many connections", raise("53300", "true"), appending, nil, "", history.ErrAway, mend, 2},
		{"read only", raise("25006", "true"), resending, nil, "0", history.ErrAway, mend, 2},
		{"no permission", raise("42501", "true"), appending, nil, "", history.ErrAway, mend, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := postgrestest.Shared(t)
			p := s.Proxy(t)
			m := start(t, s, "", database.Options{URL: p.URL()}, accept.Options{Deadline: short})
			e := env{m, s, p}
			settled := func(id string) {
				t.Helper()
				var err error
				for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
					if _, err = appending(e, id); err == nil {
						return
					}
				}
				t.Fatal(err)
			}
			settled("first")
			c.begin(e)
			if c.during != nil {
				c.during(e)
			}
			began := time.Now()
			got, err := c.do(e, "second")
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %s, %v; want %s, %v", got, err, c.want, c.err)
			}
			if took := time.Since(began); took > short+time.Second {
				t.Errorf("it took %s", took)
			}
			if fault := m.Fault(); errors.Is(c.err, history.ErrNoRoom) && !errors.Is(fault, history.ErrNoRoom) {
				t.Errorf("got the fault %v", fault)
			}
			if c.heal != nil {
				c.heal(e)
			}
			settled("third")
			if m.Fault() != nil {
				t.Errorf("afterwards there is the fault %v", m.Fault())
			}
			if n := m.count(); n != c.after {
				t.Errorf("got %d records, want %d", n, c.after)
			}
			if m.last != history.Seq(c.after) {
				t.Errorf("the feed knows records up to %d, want %d", m.last, c.after)
			}
		})
	}
}

// TestTheAnswerToABatchIsLost has requests share a call of which the answer is lost: each
// is answered as if it had not been, and only what somebody else posted is a duplicate.
func TestTheAnswerToABatchIsLost(t *testing.T) {
	s := postgrestest.Shared(t)
	p := s.Proxy(t)
	m := start(t, s, "", database.Options{URL: p.URL()}, accept.Options{})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "old", "1", "a")}); err != nil {
		t.Fatal(err)
	}
	p.Set(postgrestest.Hang)
	requests := [][]string{{"first"}, {"x"}, {"x"}, {"old"}, {"y", "z", "y"}, {"z"}} // the first one fills a batch of its own
	answers := make([]chan string, len(requests))
	for i, ids := range requests {
		answers[i] = make(chan string, 1)
		go func() {
			var entries []history.Entry
			for _, id := range ids {
				entries = append(entries, entry(t, id, "1", "a"))
			}
			got, err := m.Append(context.Background(), entries)
			answers[i] <- fmt.Sprint(seqs(got), err)
		}()
		time.Sleep(20 * time.Millisecond)
	}
	p.Set(postgrestest.CutAnswer)
	for i, want := range []string{"2", "3", "d3", "d1", "4 5 d4", "d5"} {
		if got := <-answers[i]; got != want+"<nil>" {
			t.Errorf("%v: got %s, want %s", requests[i], got, want)
		}
	}
	if n := m.count(); n != 5 || p.Broken() != postgrestest.Nothing {
		t.Errorf("got %d records, want 5", n)
	}
}

// TestWhileAwayRequestsAreRefusedAtOnce waits for no deadline but the first one.
func TestWhileAwayRequestsAreRefusedAtOnce(t *testing.T) {
	s := postgrestest.Shared(t)
	p := s.Proxy(t)
	p.Set(postgrestest.Refuse)
	m := start(t, s, "", database.Options{URL: p.URL()}, accept.Options{Deadline: 500 * time.Millisecond})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1")}); !errors.Is(err, history.ErrAway) {
		t.Fatalf("got %v", err)
	}
	if err := m.Fault(); !errors.Is(err, history.ErrAway) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got the fault %q", err)
	}
	began := time.Now()
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1")}); !errors.Is(err, history.ErrAway) || time.Since(began) > 100*time.Millisecond {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}

// TestBusy fills what may wait.
func TestBusy(t *testing.T) {
	s := postgrestest.Shared(t)
	p := s.Proxy(t)
	m := start(t, s, "", database.Options{URL: p.URL()}, accept.Options{Deadline: 3 * time.Second})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "0", "1")}); err != nil {
		t.Fatal(err)
	}
	p.Set(postgrestest.Hang)
	errs := make(chan error)
	for i := range 1030 {
		go func() {
			_, err := m.Append(context.Background(), []history.Entry{entry(t, fmt.Sprint("x", i), "1")})
			errs <- err
		}()
	}
	busy := 0
	for range 1030 - 1024 {
		if err := <-errs; errors.Is(err, history.ErrBusy) {
			busy++
		} else {
			t.Errorf("got %v before any answer", err)
		}
	}
	p.Set(postgrestest.Nothing)
	for range 1024 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := m.count(); busy != 6 || n != 1025 {
		t.Errorf("%d were told that it is busy, and there are %d records; want 6 and 1025", busy, n)
	}
}

// TestAValueThatIsRefusedHarmsNobodyElse commits the others of its batch.
func TestAValueThatIsRefusedHarmsNobodyElse(t *testing.T) {
	s := postgrestest.Shared(t)
	p := s.Proxy(t)
	m := start(t, s, "", database.Options{URL: p.URL()}, accept.Options{})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "0", "1")}); err != nil {
		t.Fatal(err)
	}
	p.Set(postgrestest.Hang)
	errs := map[string]chan error{}
	for _, name := range []string{"first", "a", "b\x00", "c"} { // the first one fills a batch of its own
		errs[name] = make(chan error, 1)
		e := entry(t, name[:1]+"x", "1", "w")
		e.To = []string{name}
		go func() {
			_, err := m.Append(context.Background(), []history.Entry{e})
			errs[name] <- err
		}()
		time.Sleep(20 * time.Millisecond)
	}
	p.Set(postgrestest.Nothing)
	for name, err := range errs {
		if err := <-err; (err != nil) != strings.Contains(name, "\x00") {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if n := m.count(); n != 4 {
		t.Errorf("got %d records, want 4", n)
	}
}

// TestStopWhileNothingAnswers ends Run, and leaves the call to the server.
func TestStopWhileNothingAnswers(t *testing.T) {
	s := postgrestest.Shared(t)
	p := s.Proxy(t)
	m := start(t, s, "", database.Options{URL: p.URL()}, accept.Options{Deadline: 2 * time.Second})
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "1", "1")}); err != nil {
		t.Fatal(err)
	}
	p.Set(postgrestest.Hang)
	if _, err := m.Append(t.Context(), []history.Entry{entry(t, "2", "1")}); !errors.Is(err, history.ErrAway) {
		t.Errorf("got %v", err)
	}
	began := time.Now()
	m.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	if got := s.Value(t, `SELECT count(*) FROM `+m.db.Schema()+`.events`); got != "2" {
		t.Errorf("got %s records, want 2: a call is not canceled", got)
	}
}

// TestStandby asks of a commit that it is on a standby. One member gives up soon; the
// other one waits until the standby is back, so that what it is answered is known.
func TestStandby(t *testing.T) {
	s := postgrestest.Start(t, "synchronous_standby_names=standby")
	configure := func(sql string) {
		t.Helper()
		s.Exec(t, sql)
		s.Exec(t, `SELECT pg_reload_conf(), pg_sleep(0.3)`)
	}
	configure(`ALTER SYSTEM SET synchronous_standby_names = ''`)
	schema := install(t, s)
	hasty := start(t, s, schema, database.Options{Sync: database.Require}, accept.Options{Deadline: time.Second})
	patient := start(t, s, schema, database.Options{Sync: database.Require, Name: "patient"}, accept.Options{Deadline: time.Minute})
	refused := func(id, because string) {
		t.Helper()
		if _, err := hasty.Append(t.Context(), []history.Entry{entry(t, id, "1")}); !errors.Is(err, history.ErrAway) || !strings.Contains(err.Error(), because) {
			t.Errorf("%s: got %v, want %q", id, err, because)
		}
	}
	// accepted returns what the patient one is answered in the end.
	accepted := func(id string) chan string {
		answer := make(chan string, 1)
		go func() {
			for {
				got, err := patient.Append(context.Background(), []history.Entry{entry(t, id, "1")})
				if err == nil || !errors.Is(err, history.ErrAway) {
					answer <- fmt.Sprint(seqs(got), err)
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}()
		return answer
	}
	expect := func(answer <-chan string, want string) {
		t.Helper()
		if got := <-answer; got != want+"<nil>" {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	const waiting = ` FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'patient'`
	refused("1", "synchronous_standby_names is empty")
	configure(`ALTER SYSTEM RESET synchronous_standby_names`)
	stop := s.Standby(t)
	expect(accepted("1"), "1")
	stop()
	// Somebody ends the wait: the commit comes with a warning, and is not believed. The
	// next call finds what it has committed, and waits again.
	answer := accepted("2")
	for s.Value(t, `SELECT count(*) FROM `+schema+`.events`) != "2" {
		s.Exec(t, `SELECT pg_cancel_backend(pid)`+waiting)
	}
	for s.Value(t, `SELECT count(*)`+waiting) == "0" {
		time.Sleep(10 * time.Millisecond)
	}
	refused("2", "")
	select {
	case got := <-answer:
		t.Errorf("without a standby: got %s", got)
		answer <- got
	default:
	}
	s.Standby(t)
	expect(answer, "2")
	expect(accepted("3"), "3")
	// A configuration that changes under a connection is met by the next call.
	for hasty.Fault() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	configure(`ALTER SYSTEM SET synchronous_standby_names = ''`)
	refused("4", "synchronous_standby_names is empty")
	if n := patient.count(); n != 3 {
		t.Errorf("got %d records, want 3", n)
	}
}

// TestCrash kills the server while members accept. What was answered is there, once, and
// numbers have no gaps.
func TestCrash(t *testing.T) {
	s := postgrestest.Start(t, "fsync=on", "synchronous_commit=on")
	m := start(t, s, "", database.Options{}, accept.Options{Deadline: time.Minute})
	ended := make(chan int)
	for i := range 4 {
		go func() {
			answered := 0
			for k := range 200 {
				if _, err := m.Append(context.Background(), []history.Entry{entry(t, fmt.Sprint(i, "-", k), "1", "a")}); err == nil {
					answered++
				} else if !errors.Is(err, history.ErrAway) {
					t.Error(err)
				}
			}
			ended <- answered
		}()
	}
	for k := range 2 {
		for s.Value(t, `SELECT last >= `+fmt.Sprint(k*100+10)+` FROM `+m.db.Schema()+`.head WHERE stream = 'events'`) != "t" {
			time.Sleep(5 * time.Millisecond)
		}
		s.Kill(t)
		s.Restart(t)
	}
	answered := 0
	for range 4 {
		answered += <-ended
	}
	if n := m.count(); n != answered || n != 800 {
		t.Errorf("%d were accepted, and there are %d records", answered, n)
	}
}
