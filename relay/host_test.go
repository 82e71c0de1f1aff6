package relay_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sidehook/config"
	"sidehook/history/postgres/database"
	"sidehook/history/postgres/postgrestest"
	"sidehook/relay"
	"sidehook/relay/api"
)

// receiver keeps what arrives, and counts it by path and event.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	got   map[string]int
	all   []taken
	reply func(w http.ResponseWriter, r *http.Request)
}

// taken is one request that a receiver got.
type taken struct {
	path, query, body string
	header            http.Header
	at                time.Time
}

func newReceiver(t *testing.T) *receiver {
	s := &receiver{got: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.all = append(s.all, taken{r.URL.Path, r.URL.RawQuery, string(body), r.Header, time.Now()})
		s.got[r.URL.Path+" "+r.Header.Get("Sidehook-Event")]++
		reply := s.reply
		s.mu.Unlock()
		if reply != nil {
			reply(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *receiver) answer(reply func(w http.ResponseWriter, r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply = reply
}

func (s *receiver) count(path, event string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got[path+" "+event]
}

// repeated counts the requests that came again.
func (s *receiver) repeated() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.got {
		n += times - 1
	}
	return n
}

// taken are the requests to one path, in the order of their arrival.
func (s *receiver) taken(path string) (list []taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.all {
		if x.path == path {
			list = append(list, x)
		}
	}
	return list
}

// first waits for the first request to a path.
func (s *receiver) first(t *testing.T, path string) taken {
	t.Helper()
	eventually(t, "a request to "+path, func() bool { return len(s.taken(path)) > 0 })
	return s.taken(path)[0]
}

// host runs relays one after the other on one folder.
type host struct {
	t      testing.TB
	dir    string
	listen string       // in the file, beside the socket; "" is no port
	port   string       // the address of its port
	engine string       // in the file: what picks the engine; "" is the files
	schema string       // of the engine
	log    *slog.Logger // nil: none
	r      *relay.Relay
	stop   context.CancelFunc
	done   chan error
}

func newHost(t *testing.T, webhooks string) *host {
	h := &host{t: t, dir: t.TempDir()}
	h.engine, h.schema = engineOf(t)
	h.start(webhooks)
	t.Cleanup(h.end)
	return h
}

// onPostgres has the tests that run a host keep its history in PostgreSQL, if it is set.
const onPostgres = "SIDEHOOK_TEST_ON_POSTGRES"

// filesOnly skips a test of what only the files have, such as their folder.
func filesOnly(t *testing.T) {
	t.Helper()
	if os.Getenv(onPostgres) != "" {
		t.Skip("is about the files")
	}
}

// engineOf returns what picks the engine of a host in its file, and the schema that it has.
func engineOf(t *testing.T) (text, schema string) {
	t.Helper()
	if os.Getenv(onPostgres) == "" {
		return "", ""
	}
	s := postgrestest.Shared(t)
	schema = s.Schema(t)
	if err := database.Install(t.Context(), s.OwnerURL(), schema, postgrestest.Role); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("cluster: {postgres: '%s', schema: %s, name: host, sync: storage, lease: 5s}\n", s.URL(), schema), schema
}

// stored is all that the history has, as text.
func (h *host) stored() (text string) {
	h.t.Helper()
	if h.schema != "" {
		return postgrestest.Shared(h.t).Value(h.t, strings.ReplaceAll(`SELECT string_agg(encode(line, 'escape'), '') FROM (SELECT line FROM {schema}.events
			UNION ALL SELECT line FROM {schema}.attempts UNION ALL SELECT line FROM {schema}.configs
			UNION ALL SELECT coalesce(checkpoint, '') || coalesce(figures, '') FROM {schema}.cursors) l`, "{schema}", h.schema))
	}
	err := filepath.WalkDir(filepath.Join(h.dir, "history"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		text += string(bytes.ToValidUTF8(data, nil))
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}

func (h *host) load(webhooks string) *config.File {
	h.t.Helper()
	path := filepath.Join(h.dir, "webhooks.yaml")
	text := "listen: {socket: s, " + cmp.Or(h.listen, "http: off") + "}\n" + webhooks
	if !strings.Contains(webhooks, "cluster:") {
		text += h.engine
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	file, err := config.Load(path, config.Run)
	if err != nil {
		h.t.Fatal(err)
	}
	return file
}

func (h *host) start(webhooks string) {
	h.t.Helper()
	opened := make(chan struct{})
	r, err := relay.New(h.load(webhooks), relay.Options{
		Log: cmp.Or(h.log, slog.New(slog.DiscardHandler)), Version: "test", Opened: func(addrs []net.Addr) {
			h.port = addrs[0].String()
			close(opened)
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	h.r, h.stop, h.done = r, stop, make(chan error, 1)
	go func() { h.done <- r.Run(ctx) }()
	<-opened
	h.owned()
}

// owned waits until the webhooks have an owner, which takes a moment in a cluster.
func (h *host) owned() {
	h.t.Helper()
	if text, _ := os.ReadFile(filepath.Join(h.dir, "webhooks.yaml")); h.engine == "" || !strings.Contains(string(text), h.engine) {
		return
	}
	eventually(h.t, "each webhook is owned", func() bool {
		var list struct{ Webhooks []api.Webhook }
		if h.call("GET", "/v1/webhooks", "", &list) != 200 {
			return false
		}
		if slices.ContainsFunc(list.Webhooks, func(w api.Webhook) bool { return w.Owner == "" }) {
			time.Sleep(time.Duration(len(list.Webhooks)) * 100 * time.Microsecond) // a list of ten thousand costs more than the wait
			return false
		}
		return true
	})
}

func (h *host) end() {
	h.stop()
	if err := <-h.done; err != nil {
		h.t.Errorf("run: %v", err)
	}
	h.done <- nil
}

func (h *host) apply(webhooks string) {
	h.t.Helper()
	if err := h.r.Apply(h.load(webhooks)); err != nil {
		h.t.Fatal(err)
	}
	h.owned()
}

// transport leads to the relay's socket.
func (h *host) transport() *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(h.dir, "s"))
	}}
}

// call speaks to the relay over its socket.
func (h *host) call(method, path, body string, answer any) int {
	h.t.Helper()
	client := http.Client{Transport: h.transport()}
	req, _ := http.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if answer != nil {
		if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
			h.t.Errorf("%s %s: %v", method, path, err)
		}
	}
	return resp.StatusCode
}

// send posts to the relay over its socket, with headers as names and values in
// turn, and returns the status, the body and the headers of the answer.
func (h *host) send(body string, headers ...string) (int, string, http.Header) {
	h.t.Helper()
	client := http.Client{Transport: h.transport()}
	req, _ := http.NewRequest("POST", "http://localhost/v1/events", strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(answer)), resp.Header
}

// settled returns once no request is in flight.
func (h *host) settled() {
	h.t.Helper()
	eventually(h.t, "nothing is under way", func() bool {
		var list struct {
			Webhooks []struct {
				InFlight int `json:"in_flight"`
			}
		}
		h.call("GET", "/v1/webhooks", "", &list)
		for _, w := range list.Webhooks {
			if w.InFlight > 0 {
				return false
			}
		}
		return true
	})
}

func (h *host) post(id string) int {
	return h.call("POST", "/v1/events", fmt.Sprintf(`{"type":"a.b","id":%q}`, id), nil)
}

// patience is how long a test waits for what must come, on a busy machine too.
const patience = time.Minute

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func hook(s *receiver, name, more string) string {
	return fmt.Sprintf("  - {name: %s, url: '%s/%s', events: ['a.*'], allow: [http, any-host, 127.0.0.0/8], retry: [50ms, 1h]%s}\n", name, s.URL, name, more)
}
