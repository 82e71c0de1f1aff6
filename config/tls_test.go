package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sidehook/config"
)

// material writes a certificate and its key into dir, good until then.
func material(t *testing.T, dir, name string, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    until.Add(-time.Hour),
		NotAfter:     until,
		// As openssl has them; the two tell that it signs itself.
		SubjectKeyId: []byte(name), AuthorityKeyId: []byte(name),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	write(t, filepath.Join(dir, name+".pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, filepath.Join(dir, name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// withTLS writes a file in a folder of its own that has this tls in line 6.
func withTLS(t *testing.T, dir, keys string) (path string) {
	path = filepath.Join(dir, "webhooks.yaml")
	write(t, path, hook+"    tls: {"+keys+"}\n")
	return path
}

// An error of tls is reported at its key, by check and by run.
func TestTLSRules(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	material(t, dir, "good", now.Add(30*time.Minute))
	material(t, dir, "other", now.Add(30*time.Minute))
	material(t, dir, "old", now.Add(-time.Minute))
	material(t, dir, "early", now.Add(2*time.Hour))
	material(t, dir, "seen", now.Add(30*time.Minute))
	must(t, os.Chmod(filepath.Join(dir, "seen.key"), 0o644))
	write(t, filepath.Join(dir, "empty"), "")
	write(t, filepath.Join(dir, "broken.pem"), "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")
	write(t, filepath.Join(dir, "broken.key"), "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n")
	write(t, filepath.Join(dir, "locked.key"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\naGVsbG8=\n-----END ENCRYPTED PRIVATE KEY-----\n")
	write(t, filepath.Join(dir, "large"), strings.Repeat("x", 1<<20+1))
	const pemHint = "; write the path of a file in PEM form, with a line -----BEGIN CERTIFICATE-----"
	for _, c := range []struct{ keys, want string }{
		{"", ""},
		{"ca_file: good.pem", ""},
		{"ca_file: " + dir + "/good.pem, server_name: internal.example.com", ""},
		{"cert_file: good.pem, key_file: good.key, ca_file: other.pem, server_name: 192.0.2.1", ""},
		{"ca_file: none", "6:20: webhooks[0] (a).tls.ca_file: file none cannot be read: no such file or directory"},
		{"ca_file: .", "6:20: webhooks[0] (a).tls.ca_file: file DIR is not a regular file"},
		{"ca_file: large", "6:20: webhooks[0] (a).tls.ca_file: file large is larger than 1MiB"},
		{"ca_file: empty", "6:20: webhooks[0] (a).tls.ca_file: file empty contains no certificate" + pemHint},
		{"ca_file: good.key", "6:20: webhooks[0] (a).tls.ca_file: file good.key contains no certificate" + pemHint},
		{"ca_file: broken.pem", "6:20: webhooks[0] (a).tls.ca_file: file broken.pem:1 contains a certificate that cannot be parsed: x509: malformed certificate; copy the file again"},
		{"cert_file: good.pem", "6:22: webhooks[0] (a).tls.cert_file: requires key_file; write the path of the private key"},
		{"key_file: good.key", "6:21: webhooks[0] (a).tls.key_file: requires cert_file; write the path of its certificate"},
		{"cert_file: empty, key_file: good.key", "6:22: webhooks[0] (a).tls.cert_file: file empty contains no certificate" + pemHint},
		{"cert_file: good.pem, key_file: other.key", "6:42: webhooks[0] (a).tls.key_file: file other.key does not contain the private key of cert_file's certificate; write the path of the key that was made with it"},
		{"cert_file: good.pem, key_file: empty", "6:42: webhooks[0] (a).tls.key_file: file empty contains no private key; write the path of a file in PEM form, with a line -----BEGIN PRIVATE KEY-----"},
		{"cert_file: good.pem, key_file: broken.key", "6:42: webhooks[0] (a).tls.key_file: file broken.key:1 contains a private key that cannot be parsed: failed to parse private key; copy the file again"},
		{"cert_file: good.pem, key_file: locked.key", "6:42: webhooks[0] (a).tls.key_file: file locked.key:1 contains a private key that is encrypted; write it without a passphrase, with openssl pkey -in FILE"},
		{"cert_file: none, key_file: nowhere", "6:22: webhooks[0] (a).tls.cert_file: file none cannot be read: no such file or directory\n6:38: webhooks[0] (a).tls.key_file: file nowhere cannot be read: no such file or directory"},
		{"cert_file: old.pem, key_file: old.key", "6:22: warning: webhooks[0] (a).tls.cert_file: file old.pem contains a certificate that expired at " + now.Add(-time.Minute).UTC().Format("2006-01-02 15:04 MST") + "; renew it"},
		{"cert_file: early.pem, key_file: early.key", "6:22: warning: webhooks[0] (a).tls.cert_file: file early.pem contains a certificate that is not valid before " + now.Add(time.Hour).UTC().Format("2006-01-02 15:04 MST")},
		{"cert_file: seen.pem, key_file: seen.key", "6:42: warning: webhooks[0] (a).tls.key_file: file seen.key is readable by everyone; run chmod o-r on it"},
		{"server_name: 'a b'", `6:24: webhooks[0] (a).tls.server_name: must be the name that the receiver's certificate has, not "a b"; write it like hooks.example.com`},
		{"server_nam: a", `6:11: webhooks[0] (a).tls.server_nam: unknown key; did you mean "server_name"?`},
	} {
		for _, mode := range []config.Mode{config.Run, config.Check} {
			_, said := loadIn(t, dir, hook+"    tls: {"+c.keys+"}\n", mode)
			got := strings.ReplaceAll(said, dir, "DIR")
			if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" || strings.Count(got, "\n") != strings.Count(c.want, "\n") {
				t.Errorf("%s:\n got %s\nwant %s", c.keys, got, c.want)
			}
		}
	}
}

// Two entries are the same if their files hold the same, wherever they are.
func TestTLSEqual(t *testing.T) {
	dir := t.TempDir()
	material(t, dir, "a", time.Now().Add(30*time.Minute))
	material(t, dir, "b", time.Now().Add(30*time.Minute))
	read := func(keys string) *config.Webhook {
		f, err := config.Load(withTLS(t, dir, keys), config.Run)
		must(t, err)
		return f.Webhooks[0]
	}
	const keys = "ca_file: a.pem, cert_file: a.pem, key_file: a.key, server_name: x.example"
	first := read(keys)
	if c := first.TLS.Certificate(); c == nil || c.Leaf.Subject.CommonName != "a" || first.TLS.Roots() == nil || first.TLS.ServerName != "x.example" {
		t.Errorf("got %+v with certificate %v", first.TLS, c)
	}
	for _, name := range []string{"a.pem", "a.key"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		write(t, filepath.Join(dir, "copy-of-"+name), string(text))
	}
	moved := read("ca_file: copy-of-a.pem, cert_file: a.pem, key_file: copy-of-a.key, server_name: x.example")
	if !first.Equal(moved) || first.Digest() != moved.Digest() {
		t.Error("a file that moved is a change")
	}
	for _, other := range []string{
		"cert_file: a.pem, key_file: a.key, server_name: x.example",
		"ca_file: b.pem, cert_file: a.pem, key_file: a.key, server_name: x.example",
		"ca_file: a.pem, cert_file: b.pem, key_file: b.key, server_name: x.example",
		"ca_file: a.pem, server_name: x.example",
		"ca_file: a.pem, cert_file: a.pem, key_file: a.key",
	} {
		if w := read(other); first.Equal(w) || first.Digest() == w.Digest() {
			t.Errorf("{%s} is no change", other)
		}
	}
	material(t, dir, "a", time.Now().Add(30*time.Minute)) // renewed in place
	if w := read(keys); first.Equal(w) || first.Digest() == w.Digest() {
		t.Error("a file that changed is no change")
	}
}
