package relay

import (
	"context"
	"os"
	"strings"

	"sidehook/config/mask"
	"sidehook/relay/console"
	"sidehook/relay/fileedit"
)

// Configuration returns what is in force, and the lines that problems are about.
func (e *editor) Configuration(ctx context.Context) (*console.Configuration, error) {
	c, err := (*operator)(e).Config(ctx)
	if err != nil {
		return nil, err
	}
	file := e.inForce().file
	answer := &console.Configuration{Config: c, History: console.HistorySize{Dir: absolute(e.dir), Limit: e.journal.Limit(), Keep: file.History.Keep}}
	if answer.History.Bytes, err = e.journal.Size(); err != nil {
		answer.History.Bytes = -1
	}
	readable := map[string]bool{file.Path: true}
	for _, in := range file.Included {
		readable[in.Path] = true
		included := console.Included{Path: in.Path, Refused: in.Refused(), Missing: in.Missing()}
		if in.InForce != nil {
			included.Webhooks = len(in.InForce.Webhooks)
		}
		answer.Included = append(answer.Included, included)
	}
	shown := map[string][]string{}
	for _, p := range c.Problems[:min(len(c.Problems), mostExcerpts)] {
		answer.Excerpts = append(answer.Excerpts, console.Excerpt{ConfigProblem: p, Lines: around(p.File, p.Line, readable[p.File], shown)})
	}
	return answer, nil
}

// Bounds of excerpts.
const (
	mostExcerpts = 100
	aroundLine   = 2 // lines before and after
)

// around returns the lines around one of a file, as it is now. shown has the masked
// lines of files.
func around(path string, line int, readable bool, shown map[string][]string) (list []console.Line) {
	if line == 0 || !readable {
		return nil
	}
	lines, known := shown[path]
	if !known {
		if text, err := os.ReadFile(path); err == nil {
			lines = fileedit.TextLines(mask.Text(text))
		}
		shown[path] = lines
	}
	for n := max(line-aroundLine, 1); n <= min(line+aroundLine, len(lines)); n++ {
		list = append(list, console.Line{Number: n, Text: cutLine(lines[n-1]), At: n == line})
	}
	return list
}

// cutLine shortens a line that is too long to be shown.
func cutLine(line string) string {
	const most = 400
	if len(line) <= most {
		return line
	}
	return strings.ToValidUTF8(line[:most], "") + "…"
}
