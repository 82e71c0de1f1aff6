package dataschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// The limits of a check. A schema that refers to itself in several ways may visit its
// parts once for each way through the data.
//
// BUG: a part under a `not` or an `if` that does not match is not counted.
const (
	maxValues = 100_000 // in the data
	maxVisits = 300_000 // of a part of the schema to a value
	maxDigits = 1000    // of a number, and the most that its exponent may be
)

// Check returns why data, which must be JSON, does not match the schema: the JSON
// pointer of the value and the reason. It returns "" if the data matches.
func (s *Schema) Check(data []byte) string {
	if n := countValues(data); n > maxValues {
		return fmt.Sprintf("it has %d values, more than the %d that are checked", n, maxValues)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return "it is not JSON: " + err.Error()
	}
	if at, ok := longNumber(value, nil); ok {
		return place(at) + fmt.Sprintf("the number has more than %d digits, which are not checked", maxDigits)
	}
	return s.validate(value)
}

func (s *Schema) validate(value any) (reason string) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case tooMuch{}:
			reason = fmt.Sprintf("it takes more than %d steps to check", maxVisits)
		default:
			panic(p)
		}
	}()
	s.visits = maxVisits
	err := s.compiled.Validate(value)
	if v, ok := err.(*jsonschema.ValidationError); ok {
		return describe(v)
	}
	return ""
}

// visits is how many more visits a check may make.
type visits int

// tooMuch ends a check from within.
type tooMuch struct{}

// Validate counts a visit.
func (v *visits) Validate(*jsonschema.ValidatorContext, any) {
	if *v--; *v < 0 {
		panic(tooMuch{})
	}
}

// vocabulary has every part of a schema count its visits.
func (v *visits) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL:     "urn:sidehook:visits",
		Compile: func(*jsonschema.CompilerContext, map[string]any) (jsonschema.SchemaExt, error) { return v, nil },
	}
}

// countValues counts the values in JSON; an empty list or object counts as two.
func countValues(data []byte) int {
	n, quoted := 1, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}

// longNumber returns where a number is that would take long to compute with.
func longNumber(value any, at []string) (where []string, found bool) {
	switch v := value.(type) {
	case json.Number:
		digits, exponent, _ := strings.Cut(strings.ToLower(string(v)), "e")
		if exponent == "" {
			exponent = "0"
		}
		n, err := strconv.Atoi(exponent)
		return at, len(digits) > maxDigits || err != nil || n > maxDigits || n < -maxDigits
	case []any:
		for i, item := range v {
			if where, found := longNumber(item, append(at, strconv.Itoa(i))); found {
				return where, true
			}
		}
	case map[string]any:
		for name, member := range v {
			if where, found := longNumber(member, append(at, name)); found {
				return where, true
			}
		}
	}
	return nil, false
}

// How much of what is wrong is said.
const (
	maxReasons = 3
	maxReason  = 200 // bytes
)

// describe returns the first reasons of an error, by their places.
func describe(v *jsonschema.ValidationError) string {
	var all []string
	printer := message.NewPrinter(language.English)
	leaves := leavesOf(nil, v)
	slices.SortStableFunc(leaves, func(a, b *jsonschema.ValidationError) int {
		return slices.Compare(a.InstanceLocation, b.InstanceLocation)
	})
	for _, leaf := range leaves[:min(len(leaves), 10*maxReasons)] {
		reason := place(leaf.InstanceLocation) + short(leaf.ErrorKind.LocalizedString(printer))
		if len(all) < maxReasons && !slices.Contains(all, reason) {
			all = append(all, reason)
		}
	}
	return strings.Join(all, "; ")
}

// leavesOf appends the errors that have no cause.
func leavesOf(leaves []*jsonschema.ValidationError, v *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if _, named := v.ErrorKind.(*kind.PropertyNames); len(v.Causes) == 0 || named {
		return append(leaves, v) // the cause of a wrong name is placed as if it was a value
	}
	for _, cause := range v.Causes {
		leaves = leavesOf(leaves, cause)
	}
	return leaves
}

// place returns a JSON pointer and a colon, "" for the whole.
func place(at []string) string {
	if len(at) == 0 {
		return ""
	}
	var b strings.Builder
	for _, name := range at {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	return short(b.String()) + ": "
}

// short cuts a long text, which may quote data.
func short(text string) string {
	if len(text) <= maxReason {
		return text
	}
	return strings.ToValidUTF8(text[:maxReason], "") + "…"
}
