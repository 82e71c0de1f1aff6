package expression

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// call is a function with its values, of which none is nil unless it takes that.
type call struct {
	*run
	name string
	args []any
}

// takesNil says whether a function can do something with nil.
func takesNil(name string) bool { return name == "toJSON" }

// function returns what a function does; nil if it is not for events.
func function(name string) func(*call) any {
	switch name {
	case "trim", "trimPrefix", "trimSuffix", "upper", "lower", "split", "splitAfter", "replace", "repeat", "join",
		"indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "toBase64", "fromBase64":
		return (*call).ofText
	case "abs", "ceil", "floor", "round", "bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr", "bitnot":
		return (*call).ofNumbers
	case "max", "min", "mean", "median":
		return (*call).ofMany
	case "first", "last", "get", "take", "keys", "values", "toPairs", "fromPairs", "reverse", "uniq", "concat", "flatten", "sort":
		return (*call).ofList
	case "len":
		return (*call).size
	case "int":
		return (*call).toInt
	case "float":
		return (*call).toFloat
	case "string":
		return (*call).toText
	case "toJSON":
		return func(c *call) any { return string(c.encode(nil, c.args[0])) }
	case "fromJSON":
		return (*call).fromJSON
	case "date":
		return (*call).date
	case "duration":
		return (*call).duration
	}
	return nil
}

func (c *call) wrong(i int, want string) {
	if i >= len(c.args) {
		fail("%s: takes more than %d values", c.name, len(c.args))
	}
	fail("%s: %s is not %s", c.name, kind(c.args[i]), want)
}

// text is the value at i, a string, which is looked at.
func (c *call) text(i int) string {
	if i < len(c.args) {
		if s, ok := c.args[i].(string); ok {
			c.look(len(s))
			return s
		}
	}
	c.wrong(i, "a string")
	return ""
}

// textOr is text, or other if the value is not given.
func (c *call) textOr(i int, other string) string {
	if i >= len(c.args) {
		return other
	}
	return c.text(i)
}

func (c *call) int(i int) int {
	if i < len(c.args) {
		if n, ok := toInt(c.args[i]); ok {
			return n
		}
	}
	c.wrong(i, "an integer")
	return 0
}

// items are those of the list at i, which are counted.
func (c *call) items(i int) []any {
	if i < len(c.args) {
		if a, ok := c.args[i].(*array); ok {
			c.step(len(a.items))
			return a.items
		}
	}
	c.wrong(i, "a list")
	return nil
}

func (c *call) object(i int) *object {
	if i < len(c.args) {
		if o, ok := c.args[i].(*object); ok {
			c.step(len(o.keys))
			return o
		}
	}
	c.wrong(i, "an object")
	return nil
}

func (c *call) size() any {
	switch v := c.args[0].(type) {
	case string:
		c.look(len(v))
		return utf8.RuneCountInString(v)
	case *array:
		return len(v.items)
	case *object:
		return len(v.keys)
	}
	c.wrong(0, "a string, a list or an object")
	return nil
}

// maxDigits is as long as a number is that is read from a string.
const maxDigits = 400

func (c *call) toInt() any {
	if s, ok := c.args[0].(string); ok {
		n, err := strconv.Atoi(s)
		if err != nil {
			fail("int: %.40q is no integer", s)
		}
		return n
	}
	f, ok := toFloat(c.args[0])
	if n, whole := c.args[0].(int); whole {
		return n
	}
	if !ok || math.IsNaN(f) || f < -1<<63 || f >= 1<<63 {
		c.wrong(0, "a number within the integers")
	}
	return int(f)
}

func (c *call) toFloat() any {
	if s, ok := c.args[0].(string); ok {
		f, err := strconv.ParseFloat(s[:min(len(s), maxDigits)], 64)
		if err != nil || len(s) > maxDigits {
			fail("float: %.40q is no number", s)
		}
		return f
	}
	f, ok := toFloat(c.args[0])
	if !ok {
		c.wrong(0, "a number")
	}
	return f
}

// toText is a string as it is, and of anything else its JSON.
func (c *call) toText() any {
	switch v := c.args[0].(type) {
	case string:
		return v
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration:
		return v.String()
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
	}
	return string(c.encode(nil, c.args[0]))
}

func (c *call) fromJSON() any {
	s := c.text(0)
	c.make(4 * len(s))
	if raw := []byte(s); json.Valid(raw) {
		return decode(raw)
	}
	fail("fromJSON: it is not JSON")
	return nil
}

func (c *call) date() any {
	layouts := []string{
		time.RFC3339, "2006-01-02", "15:04:05", "2006-01-02 15:04:05", time.RFC822, time.RFC850, time.RFC1123,
	}
	if len(c.args) > 1 {
		layouts = []string{c.text(1)}
	}
	s := c.text(0)
	c.look(100 * len(layouts))
	if len(s)+len(layouts[0]) < 200 {
		for _, layout := range layouts {
			// time.Parse would look at the zone of this machine (X3).
			if t, err := time.ParseInLocation(layout, s, time.UTC); err == nil {
				return t
			}
		}
	}
	fail("date: %.40q is no date", s)
	return nil
}

func (c *call) duration() any {
	s := c.text(0)
	d, err := time.ParseDuration(s)
	if err != nil {
		fail("duration: %.40q is no duration", s)
	}
	return d
}
