package receiver_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sidehook/relay/receiver"
	"sidehook/relay/sign"
)

const secret = "0123456789abcdef0123456789abcdef"

func TestScript(t *testing.T) {
	script, err := receiver.ParseScript("500*2, 429:5,200")
	if err != nil {
		t.Fatal(err)
	}
	rec := &receiver.Receiver{Script: script, Seen: func(receiver.Request) {}}
	var got []string
	for range 5 {
		w := httptest.NewRecorder()
		rec.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("{}")))
		got = append(got, strings.TrimSpace(w.Result().Status[:3]+" "+w.Header().Get("Retry-After")))
	}
	if want := "500, 500, 429 5, 200, 200"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}

func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script, err := receiver.ParseScript("hang:30s")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("got %v", p)
			}
			if waited := time.Since(start); waited != 30*time.Second {
				t.Errorf("hung for %s", waited)
			}
		}()
		rec := &receiver.Receiver{Script: script, Seen: func(receiver.Request) {}}
		rec.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", http.NoBody))
	})
}

func TestScriptRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":         "write a status",
		"99":       "write a status",
		"200*0":    "how many times",
		"200,":     "write a status",
		"429:x":    "seconds of Retry-After",
		"hang":     "for how long",
		"hang:-1s": "for how long",
	} {
		if _, err := receiver.ParseScript(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestVerifies(t *testing.T) {
	key, err := sign.ParseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := sign.New(sign.GitHub, key)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ signed, sent, want string }{
		"right": {"{}", "{}", ""},
		"wrong": {"{ }", "{}\n", "body"},
	} {
		t.Run(name, func(t *testing.T) {
			script, err := receiver.ParseScript("200")
			if err != nil {
				t.Fatal(err)
			}
			var got receiver.Request
			rec := &receiver.Receiver{Scheme: sign.GitHub, Secrets: []string{secret}, Script: script, Seen: func(r receiver.Request) { got = r }}
			r := httptest.NewRequest("POST", "/hook?a=b", strings.NewReader(c.sent))
			for _, h := range signer.Append(nil, sign.Message{ID: "id", Type: "t", Timestamp: time.Now(), Body: []byte(c.signed)}) {
				r.Header.Set(h.Name, h.Value)
			}
			r.Header.Set("Sidehook-Attempt", "2")
			rec.ServeHTTP(httptest.NewRecorder(), r)
			if got.Path != "/hook?a=b" || got.Attempt != 2 || string(got.Body) != c.sent {
				t.Errorf("got %+v", got)
			}
			if (got.Problem != nil) != (c.want != "") {
				t.Errorf("got %v, want %q", got.Problem, c.want)
			}
		})
	}
}

func TestForward(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "{}" || r.Header.Get("X-A") != "b" {
			t.Errorf("got %q, %v, %v", body, r.Header, err)
		}
		w.Header().Set("X-Answer", "yes")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer app.Close()
	var got receiver.Request
	rec := &receiver.Receiver{Forward: &receiver.Forward{URL: app.URL}, Seen: func(r receiver.Request) { got = r }}
	r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
	r.Header.Set("X-A", "b")
	w := httptest.NewRecorder()
	rec.ServeHTTP(w, r)
	if w.Code != http.StatusTeapot || w.Header().Get("X-Answer") != "yes" || !strings.HasPrefix(got.Answer, "418") {
		t.Errorf("got %d, %v, %q", w.Code, w.Header(), got.Answer)
	}
	app.Close()
	w = httptest.NewRecorder()
	rec.ServeHTTP(w, httptest.NewRequest("POST", "/", http.NoBody))
	if w.Code != http.StatusBadGateway || !strings.HasPrefix(got.Answer, "502") {
		t.Errorf("without an application: %d, %q", w.Code, got.Answer)
	}
}

// A certificate is kept, and its file is enough to trust the receiver.
func TestKeptCertificate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "sidehook")
	first, file, err := receiver.KeptCertificate(folder)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := receiver.KeptCertificate(folder)
	if err != nil || !first.Leaf.Equal(second.Leaf) {
		t.Errorf("another certificate, %v", err)
	}
	if info, err := os.Stat(filepath.Join(folder, "listen.key")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key is %v, %v", info, err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{second}}
	server.StartTLS()
	defer server.Close()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	answer, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	client.CloseIdleConnections()
}
