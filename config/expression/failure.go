package expression

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// failure is why an evaluation has no value. It is thrown as a panic through the
// machine and recovered in Program.run.
type failure string

func (f failure) Error() string { return string(f) }

const tooMuch failure = "takes more work or memory than an expression may use"

func fail(format string, args ...any) {
	panic(failure(fmt.Sprintf(format, args...)))
}

// try calls do, which calls the library, and fails in our own words if it panics or
// returns an error. The failure names the operation as what.
func try(what any, args []any, do func() (any, error)) any {
	var v any
	err := error(failure("panicked"))
	func() {
		defer func() {
			if f, ok := recover().(failure); ok {
				panic(f)
			}
		}()
		v, err = do()
	}()
	if err == nil {
		return plain(v)
	}
	given := make([]string, len(args))
	for i, arg := range args {
		given[i] = describe(arg)
	}
	together := strings.Join(given, " and ")
	if n, ok := what.(*ast.BinaryNode); ok {
		switch n.Operator {
		case "<", "<=", ">", ">=":
			fail("%s: %s cannot be compared", name(n), together)
		case "%":
			if args[1] == 0 {
				fail("%s: divides by 0", name(n))
			}
		}
		fail("%s: %s cannot be used together", name(n), together)
	}
	if text, ok := args[0].(string); ok && (what == "int" || what == "float") {
		together = fmt.Sprintf("%.40q", text)
	}
	fail("%s: cannot be done with %s", name(what), together)
	return nil
}

// name returns how a failure names a part of an expression.
func name(what any) string {
	var text string
	switch what := what.(type) {
	case string:
		text = what
	case *ast.StringNode:
		text = what.Value
	case ast.Node:
		text = what.String()
	}
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

// describe returns how a failure names a value that does not fit: by its type,
// because messages must not show the content of an event.
func describe(v any) string {
	if n, ok := v.(number); ok {
		return "the number " + name(n.text) + ", which is too large or too precise"
	}
	return kind(v)
}
