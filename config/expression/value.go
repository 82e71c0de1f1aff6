package expression

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// The values of an evaluation are nil, bool, int, float64, string, number,
// *array, *object, time.Time and time.Duration. None is changed once made.

// number is a JSON number that is not written as an int64 is. It stays what it
// is until something is calculated with it.
type number string

// float returns the nearest float64, which may be infinite.
func (n number) float() float64 {
	f, _ := strconv.ParseFloat(string(n), 64) // out of range it is infinite, or 0
	return f
}

// array is a list.
type array struct {
	raw   []byte // as it stands in the event; nil if it was made here
	items []any
}

// object has its members in order.
type object struct {
	raw    []byte // as it stands in the event; nil if it was made here
	keys   []string
	values []any
	places map[string]int // of the keys, once there are many
}

// few is how many keys are searched one by one.
const few = 8

// place returns where a key stands, or -1.
func (o *object) place(key string) int {
	if o.places != nil {
		if i, ok := o.places[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range o.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// get returns the value of a key.
func (o *object) get(key string) (any, bool) {
	if i := o.place(key); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// set adds a member while the object is made. Of a key that comes twice, the
// last value counts.
func (o *object) set(key string, value any) {
	if i := o.place(key); i >= 0 {
		o.values[i] = value
		return
	}
	o.keys, o.values = append(o.keys, key), append(o.values, value)
	switch {
	case o.places != nil:
		o.places[key] = len(o.keys) - 1
	case len(o.keys) > few:
		o.places = make(map[string]int)
		for i, k := range o.keys {
			o.places[k] = i
		}
	}
}

// kind says what a value is, as a reader of JSON would call it.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a bool"
	case int, float64, number:
		return "a number"
	case string:
		return "a string"
	case *array:
		return "a list"
	case *object:
		return "an object"
	case time.Time:
		return "a date"
	case time.Duration:
		return "a duration"
	}
	return "no value"
}

// toFloat returns the value of a number.
func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	case number:
		return v.float(), true
	}
	return 0, false
}

// toInt returns the value of a number that is whole and within int64.
func toInt(v any) (int, bool) {
	if i, ok := v.(int); ok {
		return i, true
	}
	f, ok := toFloat(v)
	if !ok || f != math.Trunc(f) || f < -1<<63 || f >= 1<<63 {
		return 0, false
	}
	return int(f), true
}

// decode makes a value of valid JSON, which it shares.
func decode(raw []byte) any {
	d := decoder{json: raw}
	return d.value()
}

// decoder reads valid JSON once.
type decoder struct {
	json []byte
	at   int
}

// blank passes over white space and returns the byte behind it.
func (d *decoder) blank() byte {
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
	switch d.blank() {
	case '{':
		return d.object()
	case '[':
		return d.array()
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
	return d.number()
}

func (d *decoder) object() any {
	o, begin := &object{}, d.at
	d.at++
	for d.blank() != '}' {
		key := d.text()
		d.blank()
		d.at++ // the colon
		o.set(key, d.value())
		if d.blank() == ',' {
			d.at++
			d.blank()
		}
	}
	d.at++
	o.raw = d.json[begin:d.at]
	return o
}

func (d *decoder) array() any {
	a, begin := &array{}, d.at
	d.at++
	for d.blank() != ']' {
		a.items = append(a.items, d.value())
		if d.blank() == ',' {
			d.at++
		}
	}
	d.at++
	a.raw = d.json[begin:d.at]
	return a
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
		fail("a string of the event cannot be read: %v", err)
	}
	return text
}

func (d *decoder) number() any {
	begin := d.at
	for d.at < len(d.json) && bytes.IndexByte([]byte("+-.eE0123456789"), d.json[d.at]) >= 0 {
		d.at++
	}
	text := string(d.json[begin:d.at])
	if i, err := strconv.Atoi(text); err == nil && strconv.Itoa(i) == text { // not -0
		return i
	}
	return number(text)
}
