package expression

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"
)

// explain returns the Error for an error of the library, in our own words.
func explain(err error, source string) *Error {
	var at *file.Error
	if !errors.As(err, &at) {
		if got, ok := strings.CutPrefix(err.Error(), "expected bool, but got "); ok {
			return &Error{Message: "must be true or false, not " + plainType(got)}
		}
		return &Error{Message: "is not a valid expression"}
	}
	e := &Error{Offset: at.From, Message: "is not valid here"}
	for _, rule := range rules() {
		parts := regexp.MustCompile(rule.library).FindStringSubmatch(at.Message)
		if parts == nil {
			continue
		}
		e.Message, e.Hint = rule.message, rule.hint
		word := regexp.MustCompile(`^\w*`).FindString(string([]rune(source)[min(at.From, utf8.RuneCountInString(source)):]))
		e.Message = strings.ReplaceAll(e.Message, "$0", word)
		for i, part := range parts[1:] {
			e.Message = strings.ReplaceAll(e.Message, "$"+string(rune('1'+i)), part)
			e.Message = strings.ReplaceAll(e.Message, "%"+string(rune('1'+i)), plainType(part))
		}
		break
	}
	return e
}

// A rule replaces a message of the library. In its message $0 is the word of the
// source that it points to, $1 what the first group matched, and %1 the same as
// the name of a type.
type rule struct{ library, message, hint string }

func rules() []rule {
	return []rule{
		{`^unexpected token Operator\("="\)`, `unexpected "="`, "write == to compare"},
		{`^unexpected token Operator\("\?`, `unexpected "?"`, ""},
		{`^(?:unexpected token EOF|unexpected end of expression)`, "unexpected end of the expression", ""},
		{`^(?:a map key must be|.*\(unexpected token)`, "the key of an object must be a name, a string, or an expression in parentheses", ""},
		{`^unexpected token Identifier\("((?i:and|or|not|in|matches))"\)`, `unexpected "$1"`, "operators are written in lower case"},
		{`^unexpected token \w+\("(.*)"\)$`, `unexpected "$1"`, ""},
		{`exceeds maximum allowed nodes`, "has more than 1000 parts", "write it shorter, or leave it to the receiver"},
		{`literal not terminated`, "a string is not closed", "add the quote that ends it"},
		{`invalid char escape|unable to unescape`, `a string has a \ that begins no known escape`, `write \\ for a \ itself`},
		{`unrecognized character: \S+ '(.*)'`, `unexpected "$1"`, ""},
		{`bad number syntax|invalid \w+ literal: .*invalid syntax`, "a number is not written as one", ""},
		{`invalid \w+ literal|literal is too large`, "a number is too large", ""},
		{`unclosed comment`, "a comment is not closed", "add the */ that ends it"},
		{`cannot be mixed. Wrap`, "?? cannot be mixed with other operators", "put one of them in parentheses"},
		{`wrap predicate with brackets`, "a predicate of several parts must be in { }", ""},
		{`expected name`, "a name must stand after the dot", ""},
		{`expected at least (\d+) arguments`, "takes at least $1 arguments", ""},
		{`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)`, "$1 cannot be used with %2 and %3", ""},
		{`^invalid operation: (\S+) \(mismatched type (.+)\)`, "$1 cannot be used with %2", ""},
		{`builtin (\w+) takes only array \(got (.+)\)`, "$1 takes a list, not %2", ""},
		{`predicate should return boolean \(got (.+)\)`, "the predicate must be true or false, not %1", ""},
		{`non-bool expression \(type (.+)\) used`, "the condition must be true or false, not %1", ""},
		{`order argument must be a string \(got (.+)\)`, `the order must be "asc" or "desc", not %1`, ""},
		{`cannot redeclare (?:function |builtin |variable )?(\S+)`, "the name $1 already means something else", "choose another"},
		{`unknown pointer (\S+)`, "$1 is not available in this function", ""},
		{`cannot use pointer accessor outside`, "# and a leading . can only be used in predicates", ""},
		{`cannot use (.+) as argument \(type (.+)\) to call (\w+)`, "$3 takes %2, not %1", ""},
		{`(?:not enough|too many) arguments to call (\w+)`, "$1 has the wrong number of arguments", ""},
		{`invalid number of arguments|expected (?:at least|at most|\d)|no matching overload`, "$0 has the wrong number of arguments", ""},
		{`invalid argument for (\w+) \(type (.+)\)`, "$1 cannot be used with %2", ""},
		{`cannot (?:get \w+ element|get \w+|transform|take|reverse|uniq|concat|flatten|sort)(?: from)? (\S+)`, "$0 cannot be used with %1", ""},
		{`cannot use (.+) as type (.+) in (?:array|map key)`, "%1 is never in it: it contains %2", ""},
		{`cannot use (.+) to get an element from (.+)`, "%1 cannot be a key of %2", ""},
		{`only be selected using an integer \(got (.+)\)`, "the place in a list is an integer, not %1", ""},
		{`non-integer slice index (.+)`, "the place in a list is an integer, not %1", ""},
		{`type (\S+) has no (?:field|method) (\S+)`, "%1 has no $2", ""},
		{`cannot slice (\S+)|type (\S+)\[\S+\] is undefined|type (\S+) does not support indexing`, "%1%2%3 has no parts", ""},
		{`empty sequence`, "is empty", "write an expression"},
	}
}

// plainType names a Go type as a reader of JSON would.
func plainType(t string) string {
	switch {
	case t == "":
		return ""
	case t == "nil", t == "unknown":
		return "nil"
	case t == "bool":
		return "a bool"
	case t == "string":
		return "a string"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "float"):
		return "a number"
	case strings.HasPrefix(t, "["):
		return "a list"
	case strings.HasPrefix(t, "map"):
		return "an object"
	}
	return "something else"
}

// explainPattern returns what is wrong with the pattern of matches.
func explainPattern(err error) string {
	var wrong *syntax.Error
	if !errors.As(err, &wrong) {
		return "the pattern is not a valid regular expression"
	}
	return "the pattern is not a valid regular expression: " + wrong.Code.String() + ": " + name(wrong.Expr)
}
