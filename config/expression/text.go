package expression

import (
	"encoding/base64"
	"strings"
	"unicode"
)

// ofText does what the functions on strings do. Each looks at what it is given,
// and counts what it makes before it makes it.
func (c *call) ofText() any {
	switch c.name {
	case "join":
		return c.join()
	case "toBase64":
		return c.toBase64()
	case "fromBase64":
		return c.fromBase64()
	}
	s := c.text(0)
	switch c.name {
	case "trim":
		if len(c.args) > 1 {
			set := c.text(1)
			c.step(len(s) * len(set) / 8)
			return strings.Trim(s, set)
		}
		return strings.TrimFunc(s, unicode.IsSpace)
	case "trimPrefix":
		return strings.TrimPrefix(s, c.textOr(1, " "))
	case "trimSuffix":
		return strings.TrimSuffix(s, c.textOr(1, " "))
	case "upper", "lower":
		c.make(3 * len(s))
		c.step(len(s))
		if c.name == "upper" {
			return strings.ToUpper(s)
		}
		return strings.ToLower(s)
	case "split", "splitAfter":
		return c.split(s)
	case "replace":
		return c.replace(s)
	case "repeat":
		n := c.int(1)
		if n < 0 {
			fail("repeat: %d times", n)
		}
		if n > maxRoom {
			c.make(maxRoom + 1)
		}
		c.make(len(s) * n)
		return strings.Repeat(s, n)
	case "indexOf":
		return strings.Index(s, c.text(1))
	case "lastIndexOf":
		return strings.LastIndex(s, c.text(1))
	case "hasPrefix":
		return strings.HasPrefix(s, c.text(1))
	}
	return strings.HasSuffix(s, c.text(1))
}

func (c *call) split(s string) any {
	by, most := c.text(1), -1
	if len(c.args) > 2 {
		most = c.int(2)
	}
	pieces := strings.Count(s, by) + 1
	c.make(2 * valueBytes * pieces)
	var parts []string
	if c.name == "split" {
		parts = strings.SplitN(s, by, most)
	} else {
		parts = strings.SplitAfterN(s, by, most)
	}
	items := make([]any, len(parts))
	for i, part := range parts {
		items[i] = part
	}
	return &array{items: items}
}

func (c *call) replace(s string) any {
	before, after, most := c.text(1), c.text(2), -1
	if len(c.args) > 3 {
		most = c.int(3)
	}
	n := strings.Count(s, before)
	if most >= 0 {
		n = min(n, most)
	}
	c.step(n)
	c.make(len(s) + n*len(after))
	return strings.Replace(s, before, after, most)
}

func (c *call) join() any {
	items, glue := c.items(0), c.textOr(1, "")
	parts := make([]string, len(items))
	for i, item := range items {
		part, ok := item.(string)
		if !ok {
			fail("join: the list holds %s, not a string", kind(item))
		}
		c.make(len(part) + len(glue))
		parts[i] = part
	}
	return strings.Join(parts, glue)
}

func (c *call) toBase64() any {
	s := c.text(0)
	c.make(2 * len(s))
	return base64.StdEncoding.EncodeToString([]byte(s))
}

func (c *call) fromBase64() any {
	s := c.text(0)
	c.make(len(s))
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		fail("fromBase64: it is not base64")
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}
