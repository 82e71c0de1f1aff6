package config

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"sidehook/config/material"
)

// TLS is what a webhook's connections go by instead of the system's defaults.
// Two are the same if their files hold the same, wherever these are, so that a
// file that changes is a change of the webhook.
type TLS struct {
	CAFile, CertFile, KeyFile string // "": none
	ServerName                string // to be in the receiver's certificate; "": the URL's host
	Sum                       string // of what the files hold; "" without files

	roots       *x509.CertPool
	certificate *tls.Certificate
}

// Roots are the authorities of ca_file, and nobody else; nil: the system's.
func (t TLS) Roots() *x509.CertPool { return t.roots }

// Certificate is the client certificate with its key; nil: none.
func (t TLS) Certificate() *tls.Certificate { return t.certificate }

// Equal reports whether both make the same connections.
func (t TLS) Equal(o TLS) bool { return t.Sum == o.Sum && t.ServerName == o.ServerName }

// IsZero reports whether nothing but the defaults holds.
func (t TLS) IsZero() bool { return t.Equal(TLS{}) }

// show returns its canonical value: where its files are, and nothing of what they
// hold.
func (t TLS) show() any {
	if t.IsZero() {
		return nil
	}
	list := pairs{}
	for _, p := range []pair{{"ca_file", t.CAFile}, {"cert_file", t.CertFile}, {"key_file", t.KeyFile}, {"server_name", t.ServerName}} {
		if p.value != "" {
			list = append(list, p)
		}
	}
	return list
}

// partialTLS is a TLS while it is read, and where its keys stand.
type partialTLS struct {
	TLS
	caAt, certAt, keyAt *value
}

func tlsFields() []field[partialTLS] {
	return []field[partialTLS]{
		{"ca_file", func(l *loader, v *value, d *partialTLS) { d.caAt = v; l.filePath(v, &d.CAFile) }},
		{"cert_file", func(l *loader, v *value, d *partialTLS) { d.certAt = v; l.filePath(v, &d.CertFile) }},
		{"key_file", func(l *loader, v *value, d *partialTLS) { d.keyAt = v; l.filePath(v, &d.KeyFile) }},
		{"server_name", readServerName},
	}
}

func readServerName(l *loader, v *value, d *partialTLS) {
	t, ok := l.known(v)
	if !ok {
		return
	}
	if c := judgeHost(t.string, true); c.message != "" {
		l.fail(v, "must be the name that the receiver's certificate has, not "+t.show(), "write it like hooks.example.com")
		return
	}
	d.ServerName = t.string
}

// readTLS reads the files, too: what is in them is as much of the webhook as
// the rest of its entry.
func readTLS(l *loader, v *value, d *partial) {
	var t partialTLS
	readFields(l, v, tlsFields(), &t)
	d.tlsAt = v
	var sum strings.Builder
	if t.CAFile != "" {
		if ca, ok := l.readMaterial(t.caAt, t.CAFile, &sum); ok {
			t.roots = l.authorities(t.caAt, t.CAFile, ca)
		}
	}
	switch {
	case t.certAt != nil && t.keyAt == nil:
		l.fail(t.certAt, "needs the private key of its certificate", "write key_file, too")
	case t.keyAt != nil && t.certAt == nil:
		l.fail(t.keyAt, "needs the certificate that it belongs to", "write cert_file, too")
	case t.CertFile != "" && t.KeyFile != "":
		cert, first := l.readMaterial(t.certAt, t.CertFile, &sum)
		key, second := l.readMaterial(t.keyAt, t.KeyFile, &sum)
		if first && second {
			t.certificate = l.keyPair(&t, cert, key)
		}
	}
	if sum.Len() > 0 {
		whole := sha256.Sum256([]byte(sum.String()))
		t.Sum = hex.EncodeToString(whole[:16])
	}
	d.TLS = t.TLS
}

// readMaterial returns what a file of tls holds and adds its sum to all.
func (l *loader) readMaterial(v *value, path string, all *strings.Builder) (string, bool) {
	n := l.readNamed(path, maxMaterial)
	if errors.Is(n.err, fs.ErrPermission) {
		l.missing(v, n.err) // the relay may be another user
		return "", false
	}
	if n.err != nil {
		l.fail(v, n.err.Error(), "")
		return "", false
	}
	fmt.Fprintf(all, "%s %x\n", v.name.Value, n.sum)
	return n.content, true
}

// authorities reads certificates that vouch for others.
func (l *loader) authorities(v *value, path, text string) *x509.CertPool {
	read, ok := l.pools[path]
	if !ok {
		read.Pool, read.Flaw = material.ParseAuthorities(text)
		l.pools[path] = read
	}
	if read.Message != "" {
		l.failMaterial(v, path, read.Flaw)
		return nil
	}
	return read.Pool
}

// failMaterial reports what is wrong with a file that v names.
func (l *loader) failMaterial(v *value, path string, f material.Flaw) {
	if f.Line > 0 {
		path += ":" + strconv.Itoa(f.Line)
	}
	l.fail(v, "file "+path+" "+f.Message, f.Hint)
}

// keyPair reads a client certificate and its key.
func (l *loader) keyPair(t *partialTLS, cert, key string) *tls.Certificate {
	at := [2]string{t.CertFile, t.KeyFile}
	p, ok := l.keyPairs[at]
	if !ok {
		p = material.ParsePair(cert, key, t.CertFile == t.KeyFile)
		l.keyPairs[at] = p
	}
	switch {
	case p.CertFlaw.Message != "":
		l.failMaterial(t.certAt, t.CertFile, p.CertFlaw)
		return nil
	case p.KeyFlaw.Message != "":
		l.failMaterial(t.keyAt, t.KeyFile, p.KeyFlaw)
		return nil
	}
	if l.readNamed(t.KeyFile, maxMaterial).mode.Perm()&0o004 != 0 {
		l.warn(t.keyAt, "file "+t.KeyFile+" may be read by everyone", "take that away with chmod o-r")
	}
	const day = "2006-01-02 15:04 MST"
	switch now, leaf := time.Now(), p.Certificate.Leaf; {
	case now.After(leaf.NotAfter):
		l.warn(t.certAt, "file "+t.CertFile+" holds a certificate that expired at "+leaf.NotAfter.UTC().Format(day), "renew it")
	case now.Before(leaf.NotBefore):
		l.warn(t.certAt, "file "+t.CertFile+" holds a certificate that is not valid before "+leaf.NotBefore.UTC().Format(day), "")
	}
	return p.Certificate
}
