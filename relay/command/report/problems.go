package report

import (
	"sidehook/config"
	"sidehook/relay/command/terminal"
)

// PrintProblems prints problems of the file, one a line.
func PrintProblems(to *terminal.Screen, problems config.Problems) {
	for _, p := range problems {
		if p.Warning {
			to.Linef("%s", p)
		} else {
			to.Errorf("%s", p)
		}
	}
}
