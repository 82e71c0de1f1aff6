package send_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/send"
)

const clientSecret = "client/secret+1"

// oauth2 has a webhook get its tokens at an address.
func oauth2(t testing.TB, s *send.Settings, address string) *send.Settings {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	s.OAuth2 = &send.OAuth2{TokenURL: u, ClientID: "sidehook", ClientSecret: clientSecret}
	return s
}

// tokenServer answers over TLS, each fetch by its number from 1.
func tokenServer(t testing.TB, ca *authority, answer func(n int, w http.ResponseWriter, r *http.Request)) (address string, fetches *atomic.Int32) {
	fetches = new(atomic.Int32)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(int(fetches.Add(1)), w, r)
	}))
	s.Config.ErrorLog, s.TLS = discard, serves(ca.issue(nil))
	s.StartTLS()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL + "/token", fetches
}

// grant answers with a token.
func grant(w http.ResponseWriter, token, more string) {
	// As net/http guesses it, this is text/plain.
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer"%s}`, token, more)
}

// A token is fetched once and goes with each request, and neither it nor what it was
// fetched with gets into a record, even if the receiver repeats all it was sent.
func TestToken(t *testing.T) {
	ca := newAuthority(t)
	var asked *http.Request
	address, fetches := tokenServer(t, ca, func(_ int, w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		asked = r
		grant(w, "access-token-1", `,"expires_in":3600`)
	})
	var mu sync.Mutex
	var got []string
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Header.Get("Authorization"))
		mu.Unlock()
		w.Header().Set("X-Echo", r.Header.Get("Authorization")+" "+clientSecret)
		fmt.Fprintf(w, "%v %s %s", r.Header, clientSecret, url.QueryEscape(clientSecret))
	})
	set := oauth2(t, settings(t, s.URL), address)
	set.OAuth2.Scopes = []string{"hooks.write", "hooks.read"}
	set.OAuth2.Params = []send.Param{{Name: "audience", Value: "https://hooks.example.com"}, {Name: "assertion", Value: "hidden-param", Secret: true}}
	q := begin(t, set, send.Options{Roots: ca.pool})
	q.add("1", "2", "3", "4", "5", "6", "7", "8")
	lines := q.wait(t, 8)
	if n := fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
	id, secret, ok := asked.BasicAuth()
	if !ok || id != "sidehook" || secret != url.QueryEscape(clientSecret) || asked.UserAgent() != "sidehook/test" {
		t.Errorf("the endpoint got %v", asked.Header)
	}
	want := url.Values{"grant_type": {"client_credentials"}, "scope": {"hooks.write hooks.read"}, "audience": {"https://hooks.example.com"}, "assertion": {"hidden-param"}}
	if asked.PostForm.Encode() != want.Encode() {
		t.Errorf("the endpoint got %v, want %v", asked.PostForm, want)
	}
	if slices.ContainsFunc(got, func(h string) bool { return h != "Bearer access-token-1" }) {
		t.Errorf("the receiver got %q", got)
	}
	config := fmt.Sprintf("%+v", set.Config(1))
	if !strings.Contains(config, "{Name:Authorization Value:***}") {
		t.Errorf("the record of the generation does not have the header as ***: %s", config)
	}
	for _, l := range lines {
		text := fmt.Sprintf("%+v %s %s", l, l.Response.Body, config)
		for _, secret := range []string{"access-token", clientSecret, url.QueryEscape(clientSecret), "hidden-param"} {
			if strings.Contains(text, secret) {
				t.Fatalf("%q is in the record: %s", secret, text)
			}
		}
		if l.Code != 200 {
			t.Errorf("got %s", show(lines))
		}
	}
}

// wired answers requests in memory: those to /token as an endpoint, all others as
// a receiver.
type wired struct {
	token   func(n int, r *http.Request) (code int, body string, wait time.Duration)
	receive func(r *http.Request) (code int)

	mu      sync.Mutex
	fetches int
	current int // fetches in flight
	most    int
	bearers []string
}

func (w *wired) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := func(code int, body string) (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	if r.Body != nil {
		defer r.Body.Close()
	}
	if r.URL.Path != "/token" {
		w.mu.Lock()
		w.bearers = append(w.bearers, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		w.mu.Unlock()
		return answer(w.receive(r), "")
	}
	w.mu.Lock()
	w.fetches++
	n := w.fetches
	w.current++
	w.most = max(w.most, w.current)
	w.mu.Unlock()
	defer func() { w.mu.Lock(); w.current--; w.mu.Unlock() }()
	code, body, wait := w.token(n, r)
	select {
	case <-time.After(wait):
		return answer(code, body)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// tokens answers the n-th fetch with tn.
func tokens(life string) func(int, *http.Request) (int, string, time.Duration) {
	return func(n int, _ *http.Request) (int, string, time.Duration) {
		return 200, fmt.Sprintf(`{"access_token":"t%d","token_type":"bearer"%s}`, n, life), time.Second
	}
}

func accepts(*http.Request) int { return 200 }

// wire runs a test on a wire, in a bubble.
func wire(t *testing.T, w *wired, f func(t *testing.T, q *sender)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		set := oauth2(t, settings(t, "https://receiver.example"), "https://login.example/token")
		q := begin(t, set, send.Options{Transport: w})
		f(t, q)
	})
}

// How long a token is kept: until a minute before its end, or a tenth of its life.
func TestTokenEnds(t *testing.T) {
	for _, c := range []struct {
		life  string
		until time.Duration // of the fetch; 0: it is kept
	}{
		{`,"expires_in":3600`, 59 * time.Minute},
		{`,"expires_in":"100"`, 90 * time.Second},
		{`,"expires_in":10`, 9 * time.Second},
		{``, 0},
	} {
		t.Run(c.life, func(t *testing.T) {
			w := &wired{token: tokens(c.life), receive: accepts}
			wire(t, w, func(t *testing.T, q *sender) {
				q.add("1")
				q.settle()
				until := c.until
				if until == 0 {
					until = 1000 * time.Hour
				}
				time.Sleep(until - time.Millisecond)
				q.add("2")
				q.settle()
				time.Sleep(time.Millisecond)
				q.add("3")
				q.settle()
				want := []string{"t1", "t1", "t2"}
				if c.until == 0 {
					want[2] = "t1"
				}
				if !slices.Equal(w.bearers, want) {
					t.Errorf("sent %v, want %v", w.bearers, want)
				}
			})
		})
	}
}

// A token that a receiver refuses is replaced, once and at once.
func TestTokenRefused(t *testing.T) {
	t.Run("and the next is accepted", func(t *testing.T) {
		w := &wired{token: tokens(`,"expires_in":3600`)}
		w.receive = func(r *http.Request) int {
			time.Sleep(time.Second)
			if r.Header.Get("Authorization") == "Bearer t1" {
				return 401
			}
			return 200
		}
		wire(t, w, func(t *testing.T, q *sender) {
			q.add("1", "2", "3", "4")
			lines := q.settle()
			if w.fetches != 2 || w.most != 1 || !slices.Equal(w.bearers, []string{"t1", "t1", "t1", "t1", "t2", "t2", "t2", "t2"}) {
				t.Errorf("%d fetches, %d at once, sent %v", w.fetches, w.most, w.bearers)
			}
			notes := 0
			for _, l := range lines {
				if l.how == "note" {
					notes++
					if l.Code != 401 || l.Error != "401 Unauthorized: the receiver refused the access token; trying again with a new one" || l.Took != time.Second {
						t.Errorf("the first try is %+v", l)
					}
				} else if l.Code != 200 || l.Error != "" {
					t.Errorf("got %+v", l)
				}
			}
			if notes != 4 {
				t.Errorf("%d first tries are recorded, want 4: %s", notes, show(lines))
			}
			q.add("5")
			q.settle()
			if w.fetches != 2 {
				t.Error("the new token is not kept")
			}
		})
	})
	t.Run("and the next is refused", func(t *testing.T) {
		w := &wired{token: tokens(""), receive: func(*http.Request) int { return 401 }}
		wire(t, w, func(t *testing.T, q *sender) {
			q.add("1")
			lines := q.settle()
			if len(lines) != 2 || w.fetches != 2 || lines[1].how != "retry" || lines[1].Error != "401 Unauthorized" {
				t.Errorf("%d fetches: %s", w.fetches, show(lines))
			}
		})
	})
	t.Run("and there is no next", func(t *testing.T) {
		w := &wired{receive: func(*http.Request) int { return 401 }}
		w.token = func(n int, _ *http.Request) (int, string, time.Duration) {
			if n > 1 {
				return 503, "", 0
			}
			return 200, `{"access_token":"t1"}`, 0
		}
		wire(t, w, func(t *testing.T, q *sender) {
			q.add("1")
			lines := q.settle()
			if len(lines) != 2 || lines[0].Code != 401 || lines[1].Code != 0 || lines[1].Response != nil || lines[1].Error != "the token endpoint answered 503 Service Unavailable" {
				t.Errorf("got %s", show(lines))
			}
		})
	})
}

// Attempts that need a token at the same time make one fetch, and share its failure;
// but one that is cut off by its attempt's end is made again by the next.
func TestOneFetchAtATime(t *testing.T) {
	t.Run("fails", func(t *testing.T) {
		w := &wired{receive: accepts, token: func(int, *http.Request) (int, string, time.Duration) {
			return 400, `{"error":"invalid_client"}`, time.Second
		}}
		wire(t, w, func(t *testing.T, q *sender) {
			q.add("1", "2", "3", "4")
			lines := q.settle()
			// Two: the library tries the two ways to present the credentials.
			if w.fetches != 2 || w.most != 1 || len(w.bearers) > 0 {
				t.Errorf("%d fetches, %d at once, %d requests", w.fetches, w.most, len(w.bearers))
			}
			for _, l := range lines {
				if l.how != "retry" || l.Error != "the token endpoint answered 400 Bad Request: invalid_client" || l.Took != 2*time.Second {
					t.Errorf("got %+v", l)
				}
			}
		})
	})
	t.Run("cut off", func(t *testing.T) {
		w := &wired{receive: accepts, token: func(n int, _ *http.Request) (int, string, time.Duration) {
			if n <= 2 {
				return 200, "", time.Hour
			}
			return 200, `{"access_token":"late"}`, time.Second
		}}
		wire(t, w, func(t *testing.T, q *sender) {
			q.add("1")
			time.Sleep(3 * time.Second)
			q.add("2")
			lines := q.settle()
			if lines[0].Error != "the token endpoint: no answer within timeout 5s" || lines[0].Took != 5*time.Second || lines[1].Code != 200 || lines[1].Took != 0 {
				t.Errorf("got %s", show(lines))
			}
		})
	})
}
