package receiver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateAge is how long a certificate is good for.
const certificateAge = 365 * 24 * time.Hour

// NewCertificate makes a certificate for localhost and the loopback addresses that
// vouches for itself.
func NewCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "sidehook on this machine"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(certificateAge),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	if leaf, err = x509.ParseCertificate(der); err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

// KeptCertificate returns the certificate that is kept in a folder, and the file
// that a sender trusts it by. One is made where there is none that is good for
// another day, so that the file need not change each time a receiver starts.
func KeptCertificate(folder string) (tls.Certificate, string, error) {
	certFile, keyFile := filepath.Join(folder, "listen.pem"), filepath.Join(folder, "listen.key")
	if c, err := tls.LoadX509KeyPair(certFile, keyFile); err == nil && c.Leaf.NotAfter.After(time.Now().Add(24*time.Hour)) {
		return c, certFile, nil
	}
	c, err := NewCertificate()
	if err != nil {
		return c, "", err
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return c, "", err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return c, "", err
	}
	if err := writePEM(keyFile, "PRIVATE KEY", key); err != nil {
		return c, "", err
	}
	return c, certFile, writePEM(certFile, "CERTIFICATE", c.Certificate[0])
}

// writePEM replaces a file, so that one that was more open keeps nothing of that.
func writePEM(path, kind string, der []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der})
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
