package material

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

	"sidehook/config/files"
	"sidehook/config/yamlnode"
)

// TLS is what the connections of a webhook use instead of the system's defaults.
// Two are equal if their files have the same content, wherever they are, so that a
// changed file changes the webhook.
type TLS struct {
	CAFile, CertFile, KeyFile string // "": none
	ServerName                string // must be in the receiver's certificate; "": the host of the URL
	Sum                       string // of the contents of the files; "" without files

	roots       *x509.CertPool
	certificate *tls.Certificate
}

// Roots returns the authorities of ca_file; nil: those of the system.
func (t TLS) Roots() *x509.CertPool { return t.roots }

// Certificate returns the client certificate with its key; nil: none.
func (t TLS) Certificate() *tls.Certificate { return t.certificate }

// Equal reports whether both make the same connections.
func (t TLS) Equal(o TLS) bool { return t.Sum == o.Sum && t.ServerName == o.ServerName }

// IsZero reports whether only the defaults are used.
func (t TLS) IsZero() bool { return t.Equal(TLS{}) }

// maxFile is the most bytes of a file of tls: all authorities of a system are some
// hundred kilobytes.
const maxFile = 1 << 20

// Reading is a reading of tls, with the files of its load.
type Reading struct {
	*yamlnode.Reader
	Files *files.Set
	Cache *Cache
	// Missing reports a file that cannot be read here, but perhaps by another user.
	Missing func(v *yamlnode.Value, err error)
}

// Load reads the files that t names, whose keys are given: what they hold belongs to
// the webhook as much as the rest of its entry.
func (r *Reading) Load(given []yamlnode.Value, t *TLS) {
	caAt, certAt, keyAt := yamlnode.Find(given, "ca_file"), yamlnode.Find(given, "cert_file"), yamlnode.Find(given, "key_file")
	var sums strings.Builder
	if t.CAFile != "" {
		if ca, ok := r.readMaterial(caAt, t.CAFile, &sums); ok {
			t.roots = r.authorities(caAt, t.CAFile, ca)
		}
	}
	switch {
	case certAt != nil && keyAt == nil:
		r.Fail(certAt, "requires key_file", "write the path of the private key")
	case keyAt != nil && certAt == nil:
		r.Fail(keyAt, "requires cert_file", "write the path of its certificate")
	case t.CertFile != "" && t.KeyFile != "":
		cert, first := r.readMaterial(certAt, t.CertFile, &sums)
		key, second := r.readMaterial(keyAt, t.KeyFile, &sums)
		if first && second {
			t.certificate = r.keyPair(t, certAt, keyAt, cert, key)
		}
	}
	if sums.Len() > 0 {
		whole := sha256.Sum256([]byte(sums.String()))
		t.Sum = hex.EncodeToString(whole[:16])
	}
}

// readMaterial returns the content of a file of tls, and adds its sum to sums.
func (r *Reading) readMaterial(v *yamlnode.Value, path string, sums *strings.Builder) (string, bool) {
	n := r.Files.Read(path, maxFile)
	if errors.Is(n.Err, fs.ErrPermission) {
		r.Missing(v, n.Err) // the relay may be another user
		return "", false
	}
	if n.Err != nil {
		r.Fail(v, n.Err.Error(), "")
		return "", false
	}
	fmt.Fprintf(sums, "%s %x\n", v.Key(), n.Sum)
	return n.Content, true
}

// authorities returns the certificates of a ca_file; nil after it has reported what
// is wrong with them.
func (r *Reading) authorities(v *yamlnode.Value, path, text string) *x509.CertPool {
	read := r.Cache.Authorities(path, text)
	if read.Message != "" {
		r.failMaterial(v, path, read.Flaw)
	}
	return read.Pool
}

// failMaterial reports what is wrong with a file that v names.
func (r *Reading) failMaterial(v *yamlnode.Value, path string, f Flaw) {
	if f.Line > 0 {
		path += ":" + strconv.Itoa(f.Line)
	}
	r.Fail(v, "file "+path+" "+f.Message, f.Hint)
}

// keyPair returns a client certificate with its key; nil after it has reported what
// is wrong with them.
func (r *Reading) keyPair(t *TLS, certAt, keyAt *yamlnode.Value, cert, key string) *tls.Certificate {
	p := r.Cache.Pair(t.CertFile, t.KeyFile, cert, key)
	switch {
	case p.CertFlaw.Message != "":
		r.failMaterial(certAt, t.CertFile, p.CertFlaw)
		return nil
	case p.KeyFlaw.Message != "":
		r.failMaterial(keyAt, t.KeyFile, p.KeyFlaw)
		return nil
	}
	if r.Files.Read(t.KeyFile, maxFile).Mode.Perm()&0o004 != 0 {
		r.Warn(keyAt, "file "+t.KeyFile+" is readable by everyone", "run chmod o-r on it")
	}
	const day = "2006-01-02 15:04 MST"
	switch now, leaf := time.Now(), p.Certificate.Leaf; {
	case now.After(leaf.NotAfter):
		r.Warn(certAt, "file "+t.CertFile+" contains a certificate that expired at "+leaf.NotAfter.UTC().Format(day), "renew it")
	case now.Before(leaf.NotBefore):
		r.Warn(certAt, "file "+t.CertFile+" contains a certificate that is not valid before "+leaf.NotBefore.UTC().Format(day), "")
	}
	return p.Certificate
}
