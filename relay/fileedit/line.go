package fileedit

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// Line is a line of what changes in a file. One that stays has a number before and
// after, one that goes none after, one that is new none before.
type Line struct {
	Before, After int // from 1
}

// Lines returns what changes, with the lines around it. Before the lines of another
// place stands the zero Line.
func (e *Edited) Lines() (list []Line) {
	before, after := 0, 0
	for text := range strings.SplitSeq(e.Diff(), "\n") {
		if at := hunk.FindStringSubmatch(text); at != nil {
			before, _ = strconv.Atoi(at[1])
			after, _ = strconv.Atoi(at[2])
			list = append(list, Line{})
			continue
		}
		if len(list) == 0 || text == "" {
			continue // the names of the files
		}
		switch text[0] {
		case ' ':
			list = append(list, Line{before, after})
			before, after = before+1, after+1
		case '-':
			list = append(list, Line{Before: before})
			before++
		case '+':
			list = append(list, Line{After: after})
			after++
		}
	}
	return list
}

var hunk = regexp.MustCompile(`^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@`)

// TextLines returns the lines of a text without their ends.
func TextLines(text []byte) []string {
	lines := strings.Split(string(bytes.TrimSuffix(text, []byte("\n"))), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}
