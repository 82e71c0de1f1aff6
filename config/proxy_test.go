package config_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/config"
)

// The rules for a proxy, each by what is wrong.
func TestProxyRules(t *testing.T) {
	t.Setenv("PROXY_OF_TEST", "http://u:s3cr3t@proxy.example.com:3128")
	const (
		warning  = "f:6:12: warning: webhooks[0] (a).proxy: address rules cannot be enforced through a proxy: sidehook sees only the proxy's own; have the proxy refuse addresses within your network"
		encoding = "has a user name or password with a character that must be percent-encoded; write %40 for @, %2F for /, %3F for ?, %23 for #, %5B for [, %5D for ], %20 for a space and %25 for %"
		like     = "; write it like http://proxy.example.com:3128"
	)
	for _, c := range []struct{ proxy, shown, want string }{
		{"http://proxy.example.com:3128", "http://proxy.example.com:3128", ""},
		{"https://proxy", "https://proxy", ""},
		{"socks5://127.0.0.1:1080/", "socks5://127.0.0.1:1080/", ""},
		{"http://[::1]:3128", "http://[::1]:3128", ""},
		{"http://user:s3cr3t@proxy:3128", "http://***@proxy:3128", ""},
		{"socks5://s3cr3t:p@proxy", "socks5://***@proxy", ""},
		{"${PROXY_OF_TEST}", "http://***@proxy.example.com:3128", ""},
		{"${UNSET_OF_TEST}", "***", ""},
		{"http://u:${UNSET_OF_TEST}@proxy", "http://***@proxy/***", ""},
		{"proxy:3128", "", "must be http://, https:// or socks5://" + like},
		{"ftp://proxy", "", "must be http://, https:// or socks5://" + like},
		{"socks5h://proxy", "", "must be http://, https:// or socks5://; write socks5://…, with which the proxy looks up the names, too"},
		{"http://proxy/path", "", "must end with its host or port" + like},
		{"http://proxy?x", "", "must end with its host or port" + like},
		{"http://proxy:0", "", "must have a port between 1 and 65535"},
		{"http://:3128", "", "has no host" + like},
		{"http://127.1:3128", "", "has an IP address in an ambiguous form; write it like 192.0.2.1 or [2001:db8::1]"},
		{"http://s3cr3t:s3/cr3t@proxy", "", encoding},
		{"http://s3cr3t:s3@cr3t@proxy:3128", "", encoding},
		{"http://s3cr3t:s3#cr3t@proxy:3128", "", encoding},
		{"http://s3cr3t:s3?cr3t@proxy:3128", "", encoding},
		{"http://s3cr3t:s3 cr3t@proxy:3128", "", encoding},
		{"http://s3cr3t:s3%cr3t@proxy:3128", "", encoding},
		{"http://s3cr3t:s3[cr3t@proxy:3128", "", encoding},
		{"http://s3cr3t:s3écr3t@proxy:3128", "", encoding},
		{"socks5://s3cr3t:s3\\\\cr3t@proxy:3128", "", encoding},
		{"http://s3cr3t:%40%2F%3F%23%25:$&+,;=!()*@proxy:3128", "http://***@proxy:3128", ""},
		{"http://proxy.example.com:", "", "has a colon without a port; remove it, or write it like http://proxy.example.com:3128"},
		{"http://proxy.example.com:65536", "", "must have a port between 1 and 65535"},
		{"http://proxy.example.com:+80", "", "must have a port between 1 and 65535"},
		{"http://pröxy.example.com:80", "", "has a host that is not a domain name"},
		{"http://[::1:3128", "", "has a host that is neither a name nor an IPv6 address in brackets"},
		{"http://::1", "", "has a host that is neither a name nor an IPv6 address in brackets"},
		{"http://proxy.example.com:3128 ", "", "must have a port between 1 and 65535"},
		{"socks5://:p@proxy", "", "must have a user name of 1 to 255 bytes, and a password of at most 255"},
	} {
		f, err := config.Parse("f", []byte(hook+"    proxy: '"+c.proxy+"'\n"), config.Check)
		if c.want == "" {
			if err != nil || f.Webhooks[0].Proxy.Redacted() != c.shown || !strings.Contains(f.Warnings.Error(), warning) {
				t.Errorf("%s: got %v, %v; shown as %s, want %s", c.proxy, err, f.Warnings, f.Webhooks[0].Proxy, c.shown)
			}
			continue
		}
		if got := fmt.Sprint(err); !strings.Contains(got, "f:6:12: webhooks[0] (a).proxy: "+c.want) || strings.Contains(got, "s3") {
			t.Errorf("%s: got %s, want %s", c.proxy, got, c.want)
		}
	}
}
