package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

func readName(l *loader, v *value, d *partial) {
	d.nameAt = v
	if t, ok := l.text(v); ok && (!t.known || l.goodWebhookName(t)) {
		d.Name = t.string
	}
}

func readWas(l *loader, v *value, d *partial) {
	d.wasAt = v
	if t, ok := l.known(v); ok && l.goodWebhookName(t) {
		d.Was = t.string
	}
}

func (l *loader) goodWebhookName(t text) bool {
	ok := isName(t.string)
	if !ok {
		l.fail(t.at, "must be 1 to 63 of a-z, 0-9, dot, _ and -, with a letter or digit first, not "+t.show(), "")
	}
	return ok
}

func isName(s string) bool {
	return 1 <= len(s) && len(s) <= 63 && strings.IndexByte("._-", s[0]) < 0 &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}

func readDescription(l *loader, v *value, d *partial) {
	t, ok := l.known(v)
	if n := utf8.RuneCountInString(t.string); ok && n > 1024 {
		l.fail(v, fmt.Sprintf("must have at most 1024 characters, has %d", n), "")
		return
	}
	d.Description = t.string
}

func readURL(l *loader, v *value, d *partial) {
	d.urlAt = v
	if t, ok := l.address(v); ok {
		d.url = t
	}
}

func readEvents(l *loader, v *value, d *partial) {
	d.eventsAt = v
	items := l.items(v, `write a list, such as ["com.example.**"]`)
	if isList(v) && len(items) == 0 {
		l.fail(v, "lists none", `list at least one type or glob, such as events: ["com.example.**"]`)
	}
	d.Events = make([]string, 0, len(items))
	for i := range items {
		t, ok := l.known(&items[i])
		if !ok {
			continue
		}
		c := judgeGlob(t.string)
		if c.message == "" {
			c = l.judgeRoute(t.string, d.catalogue)
		}
		if c.message != "" {
			l.fail(t.at, c.message, c.hint)
		}
		d.Events = append(d.Events, t.string)
	}
}

func readSecrets(l *loader, v *value, d *partial) {
	d.secrets, d.unreadable = nil, false
	each := []value{*v}
	if isList(v) {
		each = l.items(v, "")
	}
	for i := range each {
		if t, ok := l.key(&each[i]); ok {
			d.secrets = append(d.secrets, t)
		} else {
			d.unreadable = true
		}
	}
}

func readSignature(l *loader, v *value, d *partial) {
	each := []value{*v}
	if isList(v) {
		each = l.items(v, "")
	}
	if len(each) == 0 {
		l.fail(v, "names no signature", "write signature: none if that is meant")
	}
	d.Signature = nil
	for i := range each {
		t, ok := l.known(&each[i])
		if !ok || !l.oneOf(t, signatures()) {
			continue
		}
		if slices.Contains(d.Signature, t.string) {
			l.fail(t.at, t.string+" is given twice, and both would set the same headers", "remove one")
		}
		if len(each) > 1 && t.string == "none" {
			l.fail(t.at, "none stands beside others", "remove it, or the others")
		}
		d.Signature = append(d.Signature, t.string)
	}
}

func readRetry(l *loader, v *value, d *partial) {
	items := l.items(v, "write retry: [5s, 5m], or [] for one attempt")
	if len(items) > 32 {
		l.fail(v, fmt.Sprintf("must be at most 32 waits, are %d", len(items)), "")
	}
	d.retryAt = v
	d.Retry = make([]time.Duration, len(items))
	for i := range items {
		l.duration(&items[i], time.Millisecond, 7*24*time.Hour, &d.Retry[i])
	}
}

func readAllow(l *loader, v *value, d *partial) {
	items := l.items(v, "write allow: [http]")
	d.Allow = Allow{}
	for i := range items {
		t, ok := l.known(&items[i])
		if !ok {
			continue
		}
		switch t.string {
		case "http":
			d.Allow.HTTP = true
		case "any-host":
			d.Allow.AnyHost = true
		case "short-secret":
			d.Allow.ShortSecret = true
		default:
			l.allowPrefix(t, &d.Allow)
		}
	}
	for _, family := range []struct{ all, name string }{{"0.0.0.0/0", "IPv4"}, {"::/0", "IPv6"}} {
		if covers(d.Allow.Prefixes, netip.MustParsePrefix(family.all)) {
			l.warn(v, "lifts the rules for every "+family.name+" address, those of this machine and its network among them", "list the blocks that the receiver is in, such as 10.0.0.0/8")
		}
	}
}

// covers reports whether every address of block is in one of blocks.
func covers(blocks []netip.Prefix, block netip.Prefix) bool {
	var within []netip.Prefix
	for _, b := range blocks {
		switch {
		case b.Bits() <= block.Bits() && b.Contains(block.Addr()):
			return true
		case block.Contains(b.Addr()):
			within = append(within, b)
		}
	}
	if len(within) < 2 { // one block is not both halves
		return false
	}
	low := netip.PrefixFrom(block.Addr(), block.Bits()+1)
	bytes := block.Addr().AsSlice()
	bytes[block.Bits()/8] |= 0x80 >> (block.Bits() % 8)
	middle, _ := netip.AddrFromSlice(bytes)
	return covers(within, low) && covers(within, netip.PrefixFrom(middle, block.Bits()+1))
}

// allowPrefix reads a block of addresses.
func (l *loader) allowPrefix(t text, allow *Allow) {
	words := []string{"http", "any-host", "short-secret"}
	prefix, err := netip.ParsePrefix(t.string)
	hint := l.suggest(t, words)
	if ip, err := netip.ParseAddr(t.string); err == nil && !t.filled {
		hint = "write " + netip.PrefixFrom(ip, ip.BitLen()).String()
	}
	switch {
	case err != nil:
		l.fail(t.at, "must be "+list(append(words, "a CIDR such as 10.0.0.0/8"))+", not "+t.show(), hint)
	case prefix != prefix.Masked():
		l.fail(t.at, "has bits set after its prefix length", "write "+prefix.Masked().String())
	case prefix.Addr().Is4In6():
		l.fail(t.at, "is an IPv4 block in the form of IPv6, which no address matches", "write the IPv4 block")
	default:
		allow.Prefixes = append(allow.Prefixes, prefix)
	}
}
