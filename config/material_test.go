package config_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sidehook/config"
)

// bundle writes three authorities and returns the text of each.
func bundle(t *testing.T, dir string) (each []string) {
	t.Helper()
	for i := range 3 {
		name := fmt.Sprint("ca", i)
		material(t, dir, name, time.Now().Add(30*time.Minute))
		each = append(each, contentOf(t, filepath.Join(dir, name+".pem")))
	}
	return each
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// poolOf is what certificates in PEM form make together.
func poolOf(t *testing.T, each ...string) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	for _, text := range each {
		block, _ := pem.Decode([]byte(text))
		cert, err := x509.ParseCertificate(block.Bytes)
		must(t, err)
		pool.AddCert(cert)
	}
	return pool
}

// A ca_file is taken whole, or refused with the line that is wrong.
func TestAuthoritiesWholeOrRefused(t *testing.T) {
	dir := t.TempDir()
	each := bundle(t, dir)
	a, b, c := each[0], each[1], each[2]
	all := a + b + c
	key := contentOf(t, filepath.Join(dir, "ca0.key"))
	begin := strings.Count(a, "\n") + 1 // of the second certificate
	lines := func(change func(lines []string) []string) string {
		return strings.Join(change(strings.Split(all, "\n")), "\n")
	}
	set := func(line int, change func(string) string) string {
		return lines(func(l []string) []string { l[line-1] = change(l[line-1]); return l })
	}
	indented := strings.ReplaceAll(all, "\n", "\n    ")
	for _, x := range []struct {
		name, text string
		want       string // "": it is taken whole
	}{
		{"as it is", all, ""},
		{"byte order mark", "\ufeff" + all, ""},
		{"CRLF", strings.ReplaceAll(all, "\n", "\r\n"), ""},
		{"CR", strings.ReplaceAll(all, "\n", "\r"), ""},
		{"no newline at the end", strings.TrimSpace(all), ""},
		{"blank lines", strings.ReplaceAll(all, "\n", "\n\n"), ""},
		{"blanks at line ends", strings.ReplaceAll(all, "\n", " \t\n"), ""},
		{"indented", indented, ""},
		{"comments", "# the company's\n" + a + "subject=CN = b\n\n=== b: c ===\n" + b + "Certificate:\n    Data:\n" + c + "# end of all, BEGIN again\n", ""},
		{"one line for all of the base64", oneLineEach(all), ""},
		{"twice the same", all + a, ""},

		{"no newline between two", strings.TrimSpace(a) + b + c, fmt.Sprint(begin-1, " ends one block and begins another; start a new line with -----BEGIN")},
		{"a blank between two", strings.TrimSpace(a) + " " + b + c, fmt.Sprint(begin-1, " ends one block")},
		{"BEGIN without its last dash", set(begin, func(s string) string { return s[:len(s)-1] }), fmt.Sprint(begin, " has a damaged BEGIN or END; write it in a line of its own, like -----BEGIN CERTIFICATE-----")},
		{"BEGIN without its first dash", set(begin, func(s string) string { return s[1:] }), fmt.Sprint(begin, " has a damaged")},
		{"BEGIN with long dashes", set(begin, func(s string) string { return strings.ReplaceAll(s, "-", "—") }), fmt.Sprint(begin, " has a damaged")},
		{"BEGIN in small letters", set(begin, strings.ToLower), fmt.Sprint(begin, " has a damaged")},
		{"BEGIN with text after it", set(begin, func(s string) string { return s + "x" }), fmt.Sprint(begin, " has a damaged")},
		{"byte order mark within", a + "\ufeff" + b + c, fmt.Sprint(begin, " has a damaged")},
		{"no BEGIN", lines(func(l []string) []string { return slices.Delete(l, begin-1, begin) }), fmt.Sprint(2*begin-3, " ends a block that does not begin")},
		{"no END", lines(func(l []string) []string { return slices.Delete(l, begin-2, begin-1) }), fmt.Sprint(begin-1, " begins a block before that of line 1 has ended; copy the file again")},
		{"END of another kind", strings.Replace(all, "END CERTIFICATE", "END PRIVATE KEY", 1), fmt.Sprint(begin-1, " ends a block as PRIVATE KEY, which line 1 begins as CERTIFICATE")},
		{"END with text after it", set(begin-1, func(s string) string { return s + " x" }), fmt.Sprint(begin-1, " has a damaged")},
		{"half a file", all[:len(a)+len(b)/2], fmt.Sprint(begin, " begins a block that does not end; copy the whole file, up to -----END CERTIFICATE-----")},
		{"a character lost", set(begin+2, func(s string) string { return s[:9] + s[10:] }), fmt.Sprint(begin+2, " is not complete base64, in the block that line ", begin, " begins")},
		{"a character that is not base64", set(begin+2, func(s string) string { return s[:9] + "*" + s[10:] }), fmt.Sprint(begin+2, " is not base64, in the block that line ", begin, " begins")},
		{"a line lost", lines(func(l []string) []string { return slices.Delete(l, begin+2, begin+3) }), fmt.Sprint(begin, " contains a certificate that cannot be parsed")},
		{"a line twice", lines(func(l []string) []string { return slices.Insert(l, begin+2, l[begin+2]) }), fmt.Sprint(begin, " contains a certificate that cannot be parsed")},
		{"a comment within", lines(func(l []string) []string { return slices.Insert(l, begin+2, "# here") }), fmt.Sprint(begin+3, " is not base64")},
		{"a header within", lines(func(l []string) []string { return slices.Insert(l, begin, "Subject: b", "") }), fmt.Sprint(begin+1, " is not base64")},
		{"an empty block", a + "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", fmt.Sprint(begin, " is not complete base64")},
		{"escaped line ends", strings.ReplaceAll(all, "\n", `\n`), "1 "},
		{"a key", a + key, fmt.Sprint(begin, " begins a block of kind PRIVATE KEY, not CERTIFICATE; keep only certificates in the file")},
		{"a certificate of openssl's own form", strings.ReplaceAll(all, "CERTIFICATE", "TRUSTED CERTIFICATE"), " contains no certificate; convert it with openssl x509 -in FILE"},
		{"one of openssl's own form", a + strings.ReplaceAll(b, "CERTIFICATE", "TRUSTED CERTIFICATE"), fmt.Sprint(begin, " begins a block of kind")},
		{"a request", a + strings.ReplaceAll(b, "CERTIFICATE", "CERTIFICATE REQUEST"), fmt.Sprint(begin, " begins a block of kind")},
		{"empty", "", " contains no certificate; write the path"},
		{"nothing but a comment", "# none yet\n", " contains no certificate; write the path"},
		{"DER", string(derOf(a)), " is binary, and must be text in PEM form; convert it: from DER with openssl x509"},
		{"NUL within", a + "\x00" + b, " is binary"},
		{"UTF-16", "\xff\xfe-\x00", " is UTF-16; save it as UTF-8"},
	} {
		t.Run(x.name, func(t *testing.T) {
			write(t, filepath.Join(dir, "ca.pem"), x.text)
			f, err := config.Load(withTLS(t, dir, "ca_file: ca.pem"), config.Check)
			if x.want == "" {
				if err != nil || len(f.Warnings) > 0 {
					t.Fatal(err, f.Warnings)
				}
				if !f.Webhooks[0].TLS.Roots().Equal(poolOf(t, each...)) {
					t.Error("it is not taken whole")
				}
				return
			}
			want := "webhooks[0] (a).tls.ca_file: file " + dir + "/ca.pem" + strings.TrimPrefix(":"+x.want, ": ")
			if strings.HasPrefix(x.want, " ") {
				want = "webhooks[0] (a).tls.ca_file: file " + dir + "/ca.pem" + x.want
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// oneLineEach writes the base64 of each block in one line.
func oneLineEach(text string) string {
	inner := regexp.MustCompile(`([A-Za-z0-9+/=])\n([A-Za-z0-9+/=])`)
	return inner.ReplaceAllString(inner.ReplaceAllString(text, "$1$2"), "$1$2")
}

func derOf(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

// However a file is cut off or a character of it changed, it is refused, or has
// all that it was meant to have.
func TestAuthoritiesDamagedAnywhere(t *testing.T) {
	dir := t.TempDir()
	each := bundle(t, dir)[:2]
	all := strings.Join(each, "")
	path := withTLS(t, dir, "ca_file: ca.pem")
	load := func(text string) (*x509.CertPool, string) {
		write(t, filepath.Join(dir, "ca.pem"), text)
		f, err := config.Load(path, config.Check)
		if err != nil {
			return nil, err.Error()
		}
		return f.Webhooks[0].TLS.Roots(), ""
	}
	place := regexp.MustCompile(`ca\.pem(:[0-9]+ | contains no certificate)`)
	ends := 0
	for i := range len(all) + 1 {
		if seam := len(all) / 2; i%7 != 0 && (i < seam-40 || seam+40 < i) && i < len(all) {
			continue
		}
		pool, said := load(all[:i])
		begun := strings.Count(all[:i], "-----BEGIN")
		switch {
		case pool != nil && !pool.Equal(poolOf(t, each[:begun]...)):
			t.Fatalf("cut off after %d bytes: taken in part", i)
		case pool != nil:
			ends++
		case !place.MatchString(said):
			t.Fatalf("cut off after %d bytes: %s", i, said)
		}
	}
	if ends < 2 {
		t.Errorf("%d of the beginnings are whole, want at least 2", ends)
	}
	whole := poolOf(t, each...)
	for i := range len(all) {
		if i%3 != 0 {
			continue
		}
		text := []byte(all)
		text[i] = "A*b \n-="[i%7]
		if pool, said := load(string(text)); pool != nil && !pool.Equal(whole) && !bytes.Equal(anchors(t, string(text)), anchors(t, all)) {
			t.Fatalf("%q for %q at %d: taken as another", text[i], all[i], i)
		} else if pool == nil && !place.MatchString(said) {
			t.Fatalf("%q for %q at %d: %s", text[i], all[i], i, said)
		}
	}
}

// anchors is what connections go by of certificates. Where the id of a key is
// changed, nothing else of the certificate can be known to be what it was.
func anchors(t *testing.T, text string) (all []byte) {
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		must(t, err)
		all = append(append(all, cert.RawSubject...), cert.RawSubjectPublicKeyInfo...)
	}
	return all
}

// So are the files of a client certificate.
func TestKeyPairWholeOrRefused(t *testing.T) {
	dir := t.TempDir()
	bundle(t, dir)
	cert, other := contentOf(t, filepath.Join(dir, "ca0.pem")), contentOf(t, filepath.Join(dir, "ca1.pem"))
	key, otherKey := contentOf(t, filepath.Join(dir, "ca0.key")), contentOf(t, filepath.Join(dir, "ca1.key"))
	after, afterKey := strings.Count(cert, "\n")+1, strings.Count(key, "\n")+1
	legacy := "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF\n\naGVsbG8=\n-----END EC PRIVATE KEY-----\n"
	for _, x := range []struct {
		name, cert, key string // key "": it stands in the cert_file
		want            string // "": both are taken
	}{
		{"as they are", cert, key, ""},
		{"with marks and CRLF", "\ufeff" + strings.ReplaceAll(cert, "\n", "\r\n"), "\ufeff" + strings.ReplaceAll(key, "\n", "\r\n"), ""},
		{"a chain", cert + other, key, ""},
		{"comments", "# mine\n" + cert, "Bag Attributes\n    friendlyName: me\n" + key, ""},
		{"parameters before the key", cert, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + key, ""},
		{"both in one", cert + key, "", ""},
		{"both in one, the key first", key + cert + other, "", ""},
		{"two keys in one", key + cert + otherKey, "", fmt.Sprint("key_file: file DIR/c.pem:", afterKey+after-1, " begins a second private key, after that of line 1; keep the one that belongs to cert_file")},
		{"two keys", cert, key + otherKey, fmt.Sprint("key_file: file DIR/c.key:", afterKey, " begins a second private key, after that of line 1")},
		{"key in the cert_file", cert + key, key, fmt.Sprint("cert_file: file DIR/c.pem:", after, " begins a block of kind PRIVATE KEY, not CERTIFICATE")},
		{"certificate in the key_file", cert, key + cert, fmt.Sprint("key_file: file DIR/c.key:", afterKey, " begins a block of kind CERTIFICATE, not PRIVATE KEY")},
		{"a key for a certificate", key, key, "cert_file: file DIR/c.pem contains no certificate"},
		{"a certificate for a key", cert, cert, "key_file: file DIR/c.key:1 begins a block of kind CERTIFICATE, not PRIVATE KEY"},
		{"exchanged", key, cert, "cert_file: file DIR/c.pem contains no certificate"},
		{"wrong order", other + cert, key, fmt.Sprint("cert_file: file DIR/c.pem:", after, " contains the certificate of key_file, which must come first; move it before the others")},
		{"not a pair", cert, otherKey, "key_file: file DIR/c.key does not contain the private key of cert_file's certificate"},
		{"half a chain", cert + other[:len(other)/2], key, fmt.Sprint("cert_file: file DIR/c.pem:", after, " begins a block that does not end")},
		{"no newline in the chain", strings.TrimSpace(cert) + other, key, fmt.Sprint("cert_file: file DIR/c.pem:", after-1, " ends one block and begins another")},
		{"half a key", cert, key[:len(key)/2], "key_file: file DIR/c.key:1 begins a block that does not end"},
		{"a damaged key", cert, strings.Replace(key, "M", "*", 1), "key_file: file DIR/c.key:2 is not base64"},
		{"an encrypted key", cert, legacy, "key_file: file DIR/c.key:1 contains a private key that is encrypted; write it without a passphrase, with openssl pkey -in FILE"},
		{"a public key", cert, strings.ReplaceAll(key, "PRIVATE", "PUBLIC"), "key_file: file DIR/c.key:1 begins a block of kind"},
		{"an empty key", cert, "\n", "key_file: file DIR/c.key contains no private key"},
		{"a key in DER", cert, string(derOf(key)), "key_file: file DIR/c.key is binary"},
	} {
		t.Run(x.name, func(t *testing.T) {
			write(t, filepath.Join(dir, "c.pem"), x.cert)
			keys := "cert_file: c.pem, key_file: c.pem"
			if x.key != "" {
				write(t, filepath.Join(dir, "c.key"), x.key)
				keys = "cert_file: c.pem, key_file: c.key"
			}
			f, err := config.Load(withTLS(t, dir, keys), config.Check)
			if x.want == "" {
				if err != nil || len(f.Warnings) > 0 {
					t.Fatal(err, f)
				}
				got := f.Webhooks[0].TLS.Certificate()
				if len(got.Certificate) != strings.Count(x.cert, "BEGIN CERTIFICATE") || !bytes.Equal(got.Certificate[0], derOf(cert)) {
					t.Errorf("%d certificates", len(got.Certificate))
				}
				return
			}
			if want := "webhooks[0] (a).tls." + strings.ReplaceAll(x.want, "DIR", dir); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if err != nil && strings.Contains(err.Error(), strings.Split(key, "\n")[1][:20]) {
				t.Errorf("the key is shown: %v", err)
			}
		})
	}
}
