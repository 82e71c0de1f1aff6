package editing

import (
	"os"
	"strings"

	"sidehook/config"
	"sidehook/config/mask"
	"sidehook/relay/api"
	"sidehook/relay/console/editor"
	"sidehook/relay/fileedit"
)

// Excerpts returns the first of the problems of a configuration in force, with the lines
// of its files that they are about.
func Excerpts(file *config.File, problems []api.ConfigProblem) (list []editor.Excerpt) {
	readable := map[string]bool{file.Path: true}
	for _, in := range file.Included {
		readable[in.Path] = true
	}
	shown := map[string][]string{}
	for _, p := range problems[:min(len(problems), mostExcerpts)] {
		excerpt := editor.Excerpt{ConfigProblem: p}
		if p.Line > 0 && readable[p.File] {
			excerpt.Lines = around(p.File, p.Line, shown)
		}
		list = append(list, excerpt)
	}
	return list
}

// Bounds of excerpts.
const (
	mostExcerpts = 100
	aroundLine   = 2 // lines before and after
)

// around returns the lines around one of a file, as it is now. shown has the masked
// lines of files.
func around(path string, line int, shown map[string][]string) (list []editor.Line) {
	lines, known := shown[path]
	if !known {
		if text, err := os.ReadFile(path); err == nil {
			lines = fileedit.TextLines(mask.Text(text))
		}
		shown[path] = lines
	}
	for n := max(line-aroundLine, 1); n <= min(line+aroundLine, len(lines)); n++ {
		list = append(list, editor.Line{Number: n, Text: cutLine(lines[n-1]), At: n == line})
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
