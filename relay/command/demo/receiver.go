package demo

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	webhookreceiver "sidehook/relay/receiver"
	"sidehook/relay/sign"
)

// receiver is an HTTPS receiver with a self-signed certificate. It verifies each
// request as a receiver should, and answers the first valid order with an error.
type receiver struct {
	server   http.Server
	listener net.Listener
	roots    *x509.CertPool          // to trust its certificate
	hooks    map[string]verification // by webhook
	events   map[string]postedEvent  // by id
	failed   atomic.Bool
	serving  sync.WaitGroup
	receipts chan receipt
}

// verification is how the requests of a webhook are verified.
type verification struct {
	scheme sign.Scheme
	key    sign.Key
}

// receipt is a request that arrived, and the answer to it.
type receipt struct {
	at           time.Time
	webhook, typ string
	scheme       string // the name of its header
	attempt      int
	code         int   // of the answer
	problem      error // why the request is wrong
}

func newReceiver(secrets map[string]string, events []postedEvent) (*receiver, error) {
	r := &receiver{hooks: map[string]verification{}, events: map[string]postedEvent{}, receipts: make(chan receipt, 64)}
	for name, secret := range secrets {
		key, err := sign.ParseSecret(secret)
		if err != nil {
			return nil, err
		}
		r.hooks[name] = verification{sign.Standard, key}
		if name == "apps" {
			r.hooks[name] = verification{sign.Qlik, key}
		}
	}
	for _, e := range events {
		r.events[e.id] = e
	}
	certificate, err := webhookreceiver.NewCertificate()
	if err != nil {
		return nil, err
	}
	r.roots = x509.NewCertPool()
	r.roots.AddCert(certificate.Leaf)
	if r.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	r.server = http.Server{
		Handler:           r,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: timeout,
		ErrorLog:          log.New(io.Discard, "", 0), // the receipts say what went wrong
	}
	r.serving.Go(func() {
		// It always returns that it was closed.
		_ = r.server.ServeTLS(r.listener, "", "")
	})
	return r, nil
}

// host returns where it listens, by the name in its certificate.
func (r *receiver) host() string {
	return fmt.Sprintf("localhost:%d", r.listener.Addr().(*net.TCPAddr).Port)
}

// Close stops the receiver.
func (r *receiver) Close() error {
	defer r.serving.Wait()
	return r.server.Close()
}

// ServeHTTP answers a delivery.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	got := receipt{at: time.Now(), webhook: strings.Trim(req.URL.Path, "/"), code: http.StatusOK}
	got.attempt, _ = strconv.Atoi(req.Header.Get("Sidehook-Attempt"))
	hook := r.hooks[got.webhook]
	got.scheme = map[sign.Scheme]string{sign.Standard: "webhook-signature", sign.Qlik: "Qlik-Signature"}[hook.scheme]
	e := r.events[req.Header.Get("Sidehook-Event")]
	got.typ = e.typ
	if err == nil {
		err = sign.Verify(hook.scheme, []sign.Key{hook.key}, req.Header, body, got.at)
	}
	if err == nil {
		err = sameData(e.body, body)
	}
	answer := `{"status":"thank you"}`
	switch got.problem = err; {
	case err != nil:
		got.code, answer = http.StatusUnauthorized, `{"error":"invalid signature or body"}`
	case got.webhook == "orders" && !r.failed.Swap(true):
		got.code, answer = http.StatusInternalServerError, `{"error":"temporarily unavailable, try again"}`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(got.code)
	io.WriteString(w, answer)
	select {
	case r.receipts <- got:
	case <-req.Context().Done():
	}
}

// sameData returns an error unless the data that arrived is the data that was
// posted.
func sameData(posted, arrived []byte) error {
	var data [2]bytes.Buffer
	for i, text := range [][]byte{posted, arrived} {
		var e struct{ Data json.RawMessage }
		if err := json.Unmarshal(text, &e); err != nil {
			return err
		}
		if err := json.Compact(&data[i], e.Data); err != nil {
			return err
		}
	}
	if !bytes.Equal(data[0].Bytes(), data[1].Bytes()) {
		return errors.New("its data differs from what was posted")
	}
	return nil
}
