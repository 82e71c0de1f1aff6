package expression_test

import (
	"errors"
	"strings"
	"testing"

	"sidehook/config/expression"
)

func TestRefused(t *testing.T) {
	for text, want := range map[string]struct {
		offset int
		says   string
	}{
		``:                                    {0, "is empty"},
		`  `:                                  {0, "is empty"},
		`dat.x == 1`:                          {0, `unknown name "dat"; did you mean "data"?`},
		`data.x == 1 and tpye == "a"`:         {16, `unknown name "tpye"; did you mean "type"?`},
		`Data.x`:                              {0, `did you mean "data"?`},
		`eventType == "a"`:                    {0, `unknown name "eventType"; write type`},
		`datacontenttype == "a"`:              {0, `unknown name "datacontenttype"`},
		`data.x ==`:                           {8, "unexpected end"},
		"data.x\n  == 1 &&":                   {15, "unexpected end"},
		`ü == 1 and (`:                        {11, "unexpected end"},
		`data.x = 1`:                          {7, `unexpected "="; write == to compare`},
		`type > 5`:                            {5, "> cannot be used with a string and a number"},
		`type + "a"`:                          {0, "must be true or false, not a string"},
		`5`:                                   {0, "must be true or false, not a number"},
		`nil`:                                 {0, "must be true or false, not nil"},
		`"a`:                                  {2, "a string is not closed"},
		`duration("1h") == nil`:               {0, "duration cannot be used here"},
		`data.x AND data.y`:                   {7, `unexpected "AND"; operators are written in lower case`},
		`len(1, 2) == 1`:                      {0, "len has the wrong number of arguments"},
		`first(5) == 1`:                       {0, "first cannot be used with a number"},
		`upper(5) == "a"`:                     {6, "upper takes a string, not a number"},
		`any(type, true)`:                     {4, "any takes a list, not a string"},
		`any(data, 5)`:                        {10, "the predicate must be true or false, not a number"},
		`any(data, sum(.x, any(.y, #)) > 1)`:  {10, "a predicate cannot contain another predicate"},
		`any(data, #index > 1)`:               {10, "#index is not available in this function"},
		`1 ? true : false`:                    {0, "the condition must be true or false, not a number"},
		`foo(1)`:                              {0, "unknown function foo"},
		`data.foo()`:                          {5, "unknown function data.foo"},
		`date(time).Local() == date(time)`:    {11, "unknown function date(time).Local"},
		`now() > date(time)`:                  {0, "now cannot be used here; the same event has to give the same result"},
		`timezone("UTC") == nil`:              {0, "timezone cannot be used here; time is a string"},
		`date("a", "b", "UTC") == nil`:        {0, "date cannot be used here; time is a string"},
		`any(data, any(#, true))`:             {10, "a predicate cannot contain another predicate"},
		`all(data, len(filter(.x, .y)) > 1)`:  {14, "a predicate cannot contain another predicate"},
		`data matches data.pattern`:           {18, "the pattern of matches is not a constant"},
		`data matches "("`:                    {13, "missing closing )"},
		`data matches "(.{0,999}){0,2}"`:      {13, ""},
		`$env == nil`:                         {0, `$env can only be used as in $env["name"]`},
		`$env[id] == 1`:                       {0, `$env can only be used as in $env["name"]`},
		`99999999999999999999 == 1`:           {21, "a number is too large"},
		`b"x" == 1`:                           {0, "not available here"},
		strings.Repeat("a", 20000):            {0, "more than 16384"},
		strings.Repeat("not ", 1001) + "true": {4007, "more than 1000 parts"},
		strings.Repeat("(", 9000):             {8999, "unexpected end"},
	} {
		_, err := new(expression.Compiler).Condition(text)
		var at *expression.Error
		if !errors.As(err, &at) {
			t.Errorf("%.60s: %v, want an error", text, err)
			continue
		}
		full := at.Message + "; " + at.Hint
		if at.Offset != want.offset || !strings.Contains(full, want.says) {
			t.Errorf("%.60s: at %d: %s; want %d: %s", text, at.Offset, full, want.offset, want.says)
		}
	}
}

// Extensions may be called as they like, but for what is a slip of another name.
func TestNamesOfExtensions(t *testing.T) {
	for _, text := range []string{
		`tenantid == "a"`, `ip == "a"`, `ids == "a"`, `userId == "a"`, `resource == "a"`, `timestamp == "a"`, `count == 1`, `date == "a"`,
		`$env["dat"] == 1`, `let dat = data; dat.x`, `len == 5`,
	} {
		if _, err := new(expression.Compiler).Condition(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestCompilerKeepsPrograms(t *testing.T) {
	var c expression.Compiler
	a, _ := c.Condition(`data.x`)
	b, _ := c.Condition(`data.x`)
	other, _ := c.Transform(`data.x`)
	if a == nil || a != b {
		t.Error("the same condition is two programs")
	}
	if !a.Equal(other) || a.Equal(nil) || a.String() != "data.x" {
		t.Error("Equal or String is wrong")
	}
	if _, err := c.Condition(`"a"`); err == nil {
		t.Error("a string is no condition")
	}
	if _, err := c.Transform(`"a"`); err != nil {
		t.Errorf("a string is a body: %v", err)
	}
}
