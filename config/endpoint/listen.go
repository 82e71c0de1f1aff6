package endpoint

import (
	"net"
	"net/netip"
	"strings"

	"sidehook/config/unit"
	"sidehook/config/yamlnode"
)

// checkListener returns what is wrong with the address HOST:PORT of a listener;
// the zero Flaw if nothing is. The port may be 0, for any.
func checkListener(address string) Flaw {
	host, port, err := net.SplitHostPort(address)
	n, isNumber := unit.Number(port)
	switch {
	case err != nil && isPort(address):
		return Flaw{"must be HOST:PORT", "write 127.0.0.1:" + address}
	case err != nil || !isNumber || !isListenHost(host):
		return Flaw{"must be HOST:PORT", ""}
	case n > 65535:
		return Flaw{"must be HOST:PORT", "write a port from 1 to 65535, or 0 for any"}
	case port != "0" && !isPort(port):
		return Flaw{"must be HOST:PORT", ""}
	}
	return Flaw{}
}

// IsLoopback reports whether only this machine can reach the address.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// isListenHost reports whether a listener may have the host: an address, a name,
// or "" for all addresses.
func isListenHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return true
	}
	return all(strings.Split(host, "."), isLabel)
}

// isPort reports whether s is a port from 1 to 65535.
func isPort(s string) bool {
	n, ok := unit.Number(s)
	return ok && 1 <= n && n <= 65535
}

// Off is the word for a listener that is not wanted.
const Off = "off"

// ReadListener reads the address HOST:PORT of a listener; "" for off.
func ReadListener(r *yamlnode.Reader, v *yamlnode.Value, into *string) {
	t, ok := r.Known(v)
	switch {
	case !ok:
	case t.String() == Off:
		*into = ""
	default:
		flaw := checkListener(t.String())
		if flaw.Message == "" {
			*into = t.String()
			return
		}
		if t.Hidden() {
			flaw.Hint = "" // it may quote the address
		}
		r.Fail(v, flaw.Message+" or off, not "+t.Show(), flaw.Hint)
	}
}
