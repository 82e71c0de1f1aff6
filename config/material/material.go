// Package material owns a webhook's tls, and parses its files: authorities, a client
// certificate and its key. It accepts a whole file or refuses it, with the wrong
// line and a hint. If it skipped a certificate, connections would fail and nobody could
// tell why. It opens files only through the set of the load. Package config, which reads
// the keys, is its only caller.
package material

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Cache parses each file once, for all keys that name it. The zero Cache is empty;
// it is for one load.
type Cache struct {
	authorities map[string]Authorities // by path
	pairs       map[[2]string]Pair     // by the paths of the certificate and the key
}

// Authorities is the content of a ca_file, or its flaw.
type Authorities struct {
	Pool *x509.CertPool
	Flaw
}

// Authorities parses certificates that vouch for others.
func (c *Cache) Authorities(path, text string) Authorities {
	a, ok := c.authorities[path]
	if !ok {
		a = parseAuthorities(text)
		if c.authorities == nil {
			c.authorities = make(map[string]Authorities)
		}
		c.authorities[path] = a
	}
	return a
}

func parseAuthorities(text string) Authorities {
	blocks, bad := readPEM(text)
	if bad.Message != "" {
		return Authorities{Flaw: bad}
	}
	certs, bad := certificates(blocks, func(string) bool { return false })
	if bad.Message != "" {
		return Authorities{Flaw: bad}
	}
	pool := x509.NewCertPool()
	for _, cert := range certs {
		pool.AddCert(cert)
	}
	return Authorities{Pool: pool}
}

// certificates parses blocks that must all be certificates, except those of a kind
// that may be beside them.
func certificates(blocks []pemBlock, beside func(kind string) bool) ([]*x509.Certificate, Flaw) {
	if !slices.ContainsFunc(blocks, func(b pemBlock) bool { return b.kind == certificateKind }) {
		hint := "write the path of a file in PEM form, with a line -----BEGIN CERTIFICATE-----"
		if len(blocks) > 0 && blocks[0].kind == "TRUSTED CERTIFICATE" {
			hint = "convert it with openssl x509 -in FILE"
		}
		return nil, Flaw{0, "contains no certificate", hint}
	}
	var certs []*x509.Certificate
	for _, b := range blocks {
		if beside(b.kind) {
			continue
		}
		if b.kind != certificateKind {
			return nil, Flaw{b.line, "begins a block of kind " + b.kind + ", not CERTIFICATE", "keep only certificates in the file"}
		}
		cert, err := x509.ParseCertificate(b.der)
		if err != nil {
			return nil, Flaw{b.suspect, "contains a certificate that cannot be parsed: " + err.Error(), copyAgain}
		}
		if isDamaged(cert) {
			return nil, Flaw{b.suspect, "contains a certificate whose own signature is wrong: it was changed", copyAgain}
		}
		certs = append(certs, cert)
	}
	return certs, Flaw{}
}

const certificateKind = "CERTIFICATE"

// isDamaged reports whether a self-signed certificate was changed after it was
// signed. It is false for other certificates, which need their issuer for that.
func isDamaged(cert *x509.Certificate) bool {
	own := bytes.Equal(cert.AuthorityKeyId, cert.SubjectKeyId)
	if len(cert.AuthorityKeyId) == 0 {
		own = bytes.Equal(cert.RawIssuer, cert.RawSubject)
	}
	if !own {
		return false
	}
	err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
	var old x509.InsecureAlgorithmError
	return err != nil && !errors.As(err, &old) && cert.SignatureAlgorithm != x509.UnknownSignatureAlgorithm
}

// Pair is the content of a cert_file and a key_file, or the flaw of one of them.
type Pair struct {
	Certificate       *tls.Certificate
	CertFlaw, KeyFlaw Flaw
}

// Pair parses a certificate, with those that lead to its authority, and its
// private key. Both may be in one file.
func (c *Cache) Pair(certPath, keyPath, cert, key string) Pair {
	at := [2]string{certPath, keyPath}
	p, ok := c.pairs[at]
	if !ok {
		p = parsePair(cert, key, certPath == keyPath)
		if c.pairs == nil {
			c.pairs = make(map[[2]string]Pair)
		}
		c.pairs[at] = p
	}
	return p
}

// parsePair parses a certificate and its key, which are in the same file if same.
func parsePair(cert, key string, same bool) Pair {
	blocks, bad := readPEM(cert)
	if bad.Message != "" {
		return Pair{CertFlaw: bad}
	}
	if _, bad = certificates(blocks, func(kind string) bool { return same && isKeyKind(kind) }); bad.Message != "" {
		return Pair{CertFlaw: bad}
	}
	chain := slices.DeleteFunc(slices.Clone(blocks), func(b pemBlock) bool { return b.kind != certificateKind })
	if blocks, bad = readPEM(key); bad.Message != "" {
		return Pair{KeyFlaw: bad}
	}
	private, bad := privateKey(blocks, func(kind string) bool { return same && kind == certificateKind })
	if bad.Message != "" {
		return Pair{KeyFlaw: bad}
	}
	both, err := tls.X509KeyPair(encodePEM(chain...), encodePEM(private))
	switch {
	case err == nil:
		return Pair{Certificate: &both}
	case !strings.Contains(err.Error(), "private key") || !strings.Contains(err.Error(), "match"):
		return Pair{KeyFlaw: Flaw{private.line, "contains a private key that cannot be parsed: " + strings.TrimPrefix(err.Error(), "tls: "), copyAgain}}
	}
	for _, b := range chain[1:] {
		if _, err := tls.X509KeyPair(encodePEM(b), encodePEM(private)); err == nil {
			return Pair{CertFlaw: Flaw{b.line, "contains the certificate of key_file, which must come first", "move it before the others"}}
		}
	}
	return Pair{KeyFlaw: Flaw{0, "does not contain the private key of cert_file's certificate", "write the path of the key that was made with it"}}
}

// privateKey returns the only private key among the blocks. The others must be of
// a kind that may be beside it.
func privateKey(blocks []pemBlock, beside func(kind string) bool) (key pemBlock, bad Flaw) {
	for _, b := range blocks {
		switch {
		case beside(b.kind):
		case !isKeyKind(b.kind):
			return key, Flaw{b.line, "begins a block of kind " + b.kind + ", not PRIVATE KEY", "keep only the private key in the file"}
		case !isPrivateKey(b.kind): // the parameters of its curve
		case key.line != 0:
			return key, Flaw{b.line, fmt.Sprintf("begins a second private key, after that of line %d", key.line), "keep the one that belongs to cert_file"}
		default:
			key = b
		}
	}
	switch {
	case key.line == 0:
		return key, Flaw{0, "contains no private key", "write the path of a file in PEM form, with a line -----BEGIN PRIVATE KEY-----"}
	case key.encrypted || strings.Contains(key.kind, "ENCRYPTED"):
		return key, Flaw{key.line, "contains a private key that is encrypted", "write it without a passphrase, with openssl pkey -in FILE"}
	}
	return key, Flaw{}
}

// isKeyKind reports whether a block is a private key, or belongs to one.
func isKeyKind(kind string) bool { return isPrivateKey(kind) || kind == "EC PARAMETERS" }

func encodePEM(blocks ...pemBlock) []byte {
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: b.kind, Bytes: b.der})...)
	}
	return text
}
