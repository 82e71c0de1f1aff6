package operator

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console/catalogue"
	"sidehook/relay/console/session"
	"sidehook/relay/editing"
	"sidehook/relay/httpd"
)

// EventTypes returns the types of event_types.
func (o *Operator) EventTypes() []catalogue.Type {
	active, _ := o.current()
	return editing.Types(active.File)
}

// ConsoleLink makes a link that signs a browser in to the console.
func (o *Operator) ConsoleLink(_ context.Context, l api.ConsoleLinkRequest) (api.ConsoleLink, error) {
	level, name := session.View, config.ConsoleView
	if l.Edit {
		level, name = session.Edit, config.ConsoleEdit
	}
	switch allowed := o.atStart.Listen.Console; {
	case allowed == config.ConsoleOff:
		return api.ConsoleLink{}, &admin.UnprocessableError{Problem: fmt.Sprintf("the console is off: write console: %s under listen in webhooks.yaml, and restart sidehook", name)}
	case l.Edit && allowed != config.ConsoleEdit:
		return api.ConsoleLink{}, &admin.UnprocessableError{Problem: "the console may change nothing here: write console: edit under listen in webhooks.yaml, and restart sidehook"}
	}
	at, err := consoleAddress(o.addresses(), l.Host)
	if err != nil {
		return api.ConsoleLink{}, err
	}
	code, expires := o.sessions.Link(level)
	o.log.Info("made a link to the console", "level", name, "address", at)
	link := url.URL{Scheme: "http", Host: at, Path: "/in", RawQuery: url.Values{"code": {code}}.Encode()}
	return api.ConsoleLink{URL: link.String(), Expires: expires.UTC().Truncate(time.Millisecond)}, nil
}

// consoleAddress returns where a browser finds the console, given the listening ports
// and what to call this machine, if anything.
func consoleAddress(ports []netip.AddrPort, host string) (string, error) {
	ip, notIP := netip.ParseAddr(strings.Trim(host, "[]"))
	isName := host == "" || strings.EqualFold(host, httpd.SiteHost) || strings.EqualFold(host, "localhost")
	if !isName && (notIP != nil || !ip.Unmap().IsLoopback()) {
		return "", &admin.UnprocessableError{Problem: fmt.Sprintf("host must be %s, localhost or a loopback address such as 127.0.0.1, not %q", httpd.SiteHost, host)}
	}
	var others []string
	for _, port := range ports {
		on := port.Addr().Unmap()
		switch {
		case !on.IsLoopback():
			continue
		case !isName && on != ip.Unmap():
			others = append(others, on.String())
			continue
		case host == "" && (on == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || on == netip.IPv6Loopback()):
			host = httpd.SiteHost // names below localhost are resolved to these two
		case host == "":
			host = on.String()
		}
		return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(int(port.Port()))), nil
	}
	if len(others) > 0 {
		return "", &admin.UnprocessableError{Problem: fmt.Sprintf("nothing listens on %s; use %s", host, strings.Join(others, " or "))}
	}
	return "", &admin.UnprocessableError{Problem: "the console needs a port on a loopback address: write http: 127.0.0.1:4665 under listen in webhooks.yaml, and restart sidehook"}
}
