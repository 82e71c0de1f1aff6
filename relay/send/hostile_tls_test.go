package send_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sidehook/relay/send"
)

// R10: TLS as it must not be. Nothing is tried again with less of it.
func insecure(t *testing.T, ca *authority) []hostile {
	answers := func(config *tls.Config) string {
		return rawTLS(t, config, func(c *tls.Conn, _ *net.TCPConn, r *bufio.Reader) {
			if request(r) {
				io.WriteString(c, answer200)
				io.Copy(io.Discard, r)
			}
		})
	}
	// cut answers, and closes without the close_notify of TLS.
	cut := func(text string) string {
		return rawTLS(t, serves(ca.issue(nil)), func(c *tls.Conn, below *net.TCPConn, r *bufio.Reader) {
			request(r)
			io.WriteString(c, text)
			below.Close()
		})
	}
	with := func(change func(*x509.Certificate)) string { return answers(serves(ca.issue(change))) }
	versions := func(least, most uint16) string {
		c := serves(ca.issue(nil))
		c.MinVersion, c.MaxVersion = least, most
		return answers(c)
	}
	demands := func(auth tls.ClientAuthType, most uint16) string {
		c := serves(ca.issue(nil))
		c.ClientAuth, c.MaxVersion, c.ClientCAs = auth, most, ca.pool
		return answers(c)
	}
	const cert = "tls: failed to verify certificate: x509: "
	return []hostile{
		{name: "R10 wrong name", address: with(func(c *x509.Certificate) { c.IPAddresses = nil }), status: not, err: cert + "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"},
		{name: "R10 another's name", address: with(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }), status: not, err: cert + "certificate is valid for 127.0.0.2, not 127.0.0.1"},
		{name: "R10 expired", address: with(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), status: not, err: cert + "certificate has expired or is not yet valid: current time"},
		{name: "R10 not yet valid", address: with(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), status: not, err: cert + "certificate has expired or is not yet valid: current time"},
		{name: "R10 self-signed", address: answers(serves(ca.selfSigned())), status: not, err: cert + "certificate signed by unknown authority"},
		{name: "R10 unknown CA", address: answers(serves(newAuthority(t).issue(nil))), status: not, err: cert + "certificate signed by unknown authority"},
		{name: "R10 for clients alone", address: with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), status: not, err: cert + "certificate specifies an incompatible key usage"},
		{name: "R10 SHA-1", address: with(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }), status: not, err: "insecure algorithm SHA1-RSA"},
		{name: "R10 TLS 1.0 only", address: versions(tls.VersionTLS10, tls.VersionTLS10), status: not, err: "the receiver speaks no TLS of version 1.2 or later"},
		{name: "R10 TLS 1.1 only", address: versions(tls.VersionTLS11, tls.VersionTLS11), status: not, err: "the receiver speaks no TLS of version 1.2 or later"},
		{name: "R10 TLS 1.2 only", address: versions(tls.VersionTLS12, tls.VersionTLS12), status: ok, code: 200},
		{name: "R10 no ALPN", address: answers(serves(ca.issue(nil))), status: ok, code: 200},
		{name: "R10 ALPN of another protocol", address: answers(serves(ca.issue(nil), "smtp")), status: not, err: "the receiver ended TLS: no application protocol"},
		{name: "R10 client certificate demanded by TLS 1.2", address: demands(tls.RequireAnyClientCert, tls.VersionTLS12), status: not, err: "the receiver ended the TLS handshake: handshake failure; it may demand a client certificate"},
		{name: "R10 client certificate demanded by TLS 1.3", address: demands(tls.RequireAnyClientCert, tls.VersionTLS13), status: not, err: "the receiver demands a client certificate; set tls: {cert_file, key_file}"},
		{name: "R10 client certificate asked for", address: demands(tls.VerifyClientCertIfGiven, tls.VersionTLS13), status: ok, code: 200},
		{name: "R10 close_notify missing after the answer", address: cut("HTTP/1.1 200 OK\r\n\r\nhello"), status: ok, code: 200},
		{name: "R10 close_notify missing within the body", address: cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), status: ok, code: 200, check: truncated},
		{name: "R10 close_notify missing within the headers", address: cut("HTTP/1.1 200 OK\r\nX: y\r\n"), status: not, err: midst},
		{name: "R10 not in TLS from here on", address: rawTLS(t, serves(ca.issue(nil)), func(_ *tls.Conn, below *net.TCPConn, r *bufio.Reader) {
			request(r)
			below.Write([]byte{21, 3, 3, 0, 2, 2, 80}) // an alert in the clear
		}), status: not, err: "the receiver breaks the rules of TLS: bad record MAC"},
		{name: "R10 closed within the handshake", address: secured(raw(t, func(_ *net.TCPConn, r *bufio.Reader) { r.Peek(1) })), status: not, err: closed},
	}
}

// Over TLS the protocol is the receiver's choice.
func TestSecureDelivery(t *testing.T) {
	for _, want := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(want, func(t *testing.T) {
			proto := make(chan string, 1)
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { proto <- r.Proto }))
			s.EnableHTTP2 = want == "HTTP/2.0"
			s.Config.ErrorLog = discard
			s.StartTLS()
			t.Cleanup(s.Close)
			roots := x509.NewCertPool()
			roots.AddCert(s.Certificate())
			q := begin(t, settings(t, s.URL), send.Options{Roots: roots})
			q.add("1")
			got := q.wait(t, 1)[0]
			if got.Status != ok || got.Timing.TLS <= 0 || strings.Contains(got.Error, "tls") {
				t.Fatalf("got %s, timing %+v: %s", got.Status, got.Timing, got.Error)
			}
			if p := <-proto; p != want {
				t.Errorf("got %s", p)
			}
		})
	}
}
