package relay_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// write puts PEM blocks into a file of the host's folder.
func (h *host) write(name string, blocks ...pem.Block) {
	h.t.Helper()
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(&b)...)
	}
	if err := os.WriteFile(filepath.Join(h.dir, name), text, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// writeClient makes a client certificate of that name.
func (h *host) writeClient(name string) {
	h.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		h.t.Fatal(err)
	}
	h.write("client.pem", pem.Block{Type: "CERTIFICATE", Bytes: cert}, pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// A change of a file of tls makes new connections with what it holds now, and
// leaves those of other webhooks alone.
func tlsKey(t *testing.T) {
	names := make(chan string, 10)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		names <- r.TLS.PeerCertificates[0].Subject.CommonName
	}))
	secure.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	var connections, arrived atomic.Int32
	plain := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived.Add(1) }))
	plain.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	plain.Start()
	t.Cleanup(plain.Close)

	h := newHost(t, "webhooks: []\n")
	h.write("ca.pem", pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	h.writeClient("first")
	webhooks := fmt.Sprintf(`webhooks:
  - {name: secure, url: '%s', events: ["a.*"], allow: [any-host, 127.0.0.0/8], tls: {ca_file: ca.pem, cert_file: client.pem, key_file: client.pem}}
  - {name: plain, url: '%s', events: ["a.*"], allow: [http, any-host, 127.0.0.0/8]}
`, secure.URL, plain.URL)
	for i, name := range []string{"first", "second", "third"} {
		h.writeClient(name)
		h.apply(webhooks)
		h.post(fmt.Sprint("e", i))
		select {
		case got := <-names:
			if got != name {
				t.Errorf("the certificate of %q was shown, want %q", got, name)
			}
		case <-time.After(patience):
			t.Fatal("nothing arrives")
		}
		eventually(t, "the other's arrives", func() bool { return arrived.Load() == int32(i+1) })
		h.settled()
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections to the other receiver", n)
	}
}
