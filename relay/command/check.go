package command

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"sidehook/config"
)

func (c *cli) checkCommand() *cobra.Command {
	var strict, show, asRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with webhooks.yaml",
		Long: "Reads webhooks.yaml, and prints every error and warning with its line, its column\n" +
			"and what to write instead. The exit code is 1 if there is an error. A ${…} that\n" +
			"cannot be filled in here is a warning, as run may have another environment; with\n" +
			"--as-run it is the error that it is to run.",
		Example: "  sidehook check --strict --config webhooks.yaml\n" +
			"  sidehook check --as-run",
		Args: noArgument,
		RunE: func(*cobra.Command, []string) error {
			if show && asJSON {
				return usagef("--print and --json exclude each other")
			}
			mode := config.Check
			if asRun {
				mode = config.Run
			}
			return c.check(mode, strict, show, asJSON)
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "take a warning for an error")
	cmd.Flags().BoolVar(&asRun, "as-run", false, "fill in all values as run does")
	cmd.Flags().BoolVar(&show, "print", false, "print the file as it would be in force, with all defaults")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// checked is the answer of check as JSON.
type checked struct {
	File     string           `json:"file"`
	OK       bool             `json:"ok"`
	Webhooks int              `json:"webhooks"`
	Problems []checkedProblem `json:"problems"`
}

type checkedProblem struct {
	Severity string `json:"severity"` // error or warning
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Path     string `json:"path,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func (c *cli) check(mode config.Mode, strict, show, asJSON bool) error {
	path, err := config.Find(c.config)
	if err != nil {
		return err
	}
	file, err := config.Load(path, mode)
	var problems config.Problems
	switch {
	case err == nil:
		problems = file.Warnings
	case !errors.As(err, &problems):
		return err
	}
	if strict {
		problems = slices.Clone(problems)
		for i := range problems {
			problems[i].Warning = false
		}
	}
	answer := checked{File: path, OK: file != nil && (!strict || len(problems) == 0), Problems: []checkedProblem{}}
	if file != nil {
		answer.Webhooks = len(file.Webhooks)
	}
	if asJSON {
		for _, p := range problems {
			answer.Problems = append(answer.Problems, checkedProblem{severity(p), p.Line, p.Column, p.Path, p.Message, p.Hint})
		}
		if err := c.json(answer); err != nil {
			return err
		}
	} else {
		c.complain(problems)
		if show && file != nil {
			if err := file.Print(c.out); err != nil {
				return err
			}
		}
	}
	if !answer.OK {
		return exitCode(1)
	}
	if !asJSON && !show {
		verdict := "good"
		if len(problems) > 0 {
			verdict = "good, with " + count(len(problems), "warning")
		}
		c.out.linef("%s: %s, %s", path, verdict, count(len(file.Webhooks), "webhook"))
	}
	return nil
}

func severity(p config.Problem) string {
	if p.Warning {
		return "warning"
	}
	return "error"
}
