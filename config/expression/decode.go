package expression

import (
	"encoding/json"
	"strconv"
	"strings"
)

// decode returns the value of valid JSON.
func decode(raw []byte) any {
	d := decoder{json: raw}
	return d.value()
}

// decoder reads valid JSON. It takes less than half the time of encoding/json, which
// does not know our numbers.
type decoder struct {
	json []byte
	at   int
}

// next skips white space and returns the byte after it.
func (d *decoder) next() byte {
	for {
		switch c := d.json[d.at]; c {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return c
		}
	}
}

func (d *decoder) value() any {
	switch d.next() {
	case '{':
		return d.object()
	case '[':
		return d.list()
	case '"':
		return d.text()
	case 't':
		d.at += len("true")
		return true
	case 'f':
		d.at += len("false")
		return false
	case 'n':
		d.at += len("null")
		return nil
	}
	begin := d.at
	for d.at < len(d.json) && strings.IndexByte("+-.eE0123456789", d.json[d.at]) >= 0 {
		d.at++
	}
	return toNumber(string(d.json[begin:d.at]))
}

func (d *decoder) object() any {
	object := map[string]any{}
	d.at++
	for d.next() != '}' {
		key := d.text()
		d.next()
		d.at++ // the colon
		object[key] = d.value()
		if d.next() == ',' {
			d.at++
			d.next()
		}
	}
	d.at++
	return object
}

func (d *decoder) list() any {
	list := []any{}
	d.at++
	for d.next() != ']' {
		list = append(list, d.value())
		if d.next() == ',' {
			d.at++
		}
	}
	d.at++
	return list
}

func (d *decoder) text() string {
	begin, escaped := d.at, false
	for d.at++; d.json[d.at] != '"'; d.at++ {
		if d.json[d.at] == '\\' {
			escaped = true
			d.at++
		}
	}
	d.at++
	quoted := d.json[begin:d.at]
	if !escaped {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		fail("a string of the event cannot be read")
	}
	return text
}

// toNumber returns a JSON number as the type that holds it exactly (X2).
func toNumber(text string) any {
	if i, err := strconv.Atoi(text); err == nil && text != "-0" {
		return i
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return number{text}
	}
	if digits, exponent, ok := decimal(text); ok {
		d, e, _ := decimal(strconv.FormatFloat(f, 'e', -1, 64))
		if d == digits && e == exponent {
			return f
		}
	}
	return number{text}
}

// decimal returns the absolute value of a number: digits that neither begin nor end
// with 0, and the power of ten to multiply them by.
func decimal(text string) (digits string, exponent int, ok bool) {
	text = strings.TrimPrefix(text, "-")
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(text[i+1:]); err != nil || max(exponent, -exponent) > 1<<30 {
			return "", 0, false
		}
		text = text[:i]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	exponent -= len(fraction)
	short := strings.TrimRight(digits, "0")
	if short == "" {
		return "", 0, true
	}
	return short, exponent + len(digits) - len(short), true
}
