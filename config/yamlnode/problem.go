package yamlnode

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong or doubtful in a file of the configuration. It never
// quotes a secret.
type Problem struct {
	File    string // as the user named it
	Line    int    // from 1; 0: it concerns the file as a whole
	Column  int    // from 1, in characters
	Path    string // of the key, such as webhooks[1] (crm).url; "" for the file
	Message string
	Hint    string // what to write instead; may be ""
	Warning bool   // doubtful only: the file may be used
}

// String returns the problem as one line:
// webhooks.yaml:14:10: webhooks[1] (crm).url: must use https; write https://…
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Warning {
		b.WriteString("warning: ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Problems are all errors and warnings of a file, in file order.
type Problems []Problem

// Error returns a line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems is how many errors, and how many warnings, are kept, so that one
// mistake in a large file does not become a log of megabytes.
const maxProblems = 1000

// collector gathers the problems of one reading.
type collector struct {
	list     Problems
	known    map[Problem]bool // a mistake in defaults is found again for every webhook
	errors   int
	warnings int
}

func (c *collector) add(p Problem) {
	if c.known[p] {
		return
	}
	count := &c.errors
	if p.Warning {
		count = &c.warnings
	}
	if *count++; *count > maxProblems {
		return
	}
	if c.known == nil {
		c.known = make(map[Problem]bool)
	}
	c.known[p] = true
	c.list = append(c.list, p)
}

// sorted returns the problems in file order, and at the end how many were not kept.
func (c *collector) sorted(file string) Problems {
	list := slices.Clone(c.list)
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if more := c.errors - maxProblems; more > 0 {
		list = append(list, Problem{File: file, Message: "has " + strconv.Itoa(more) + " more errors"})
	}
	if more := c.warnings - maxProblems; more > 0 {
		list = append(list, Problem{File: file, Message: strconv.Itoa(more) + " more warnings", Warning: true})
	}
	return list
}
