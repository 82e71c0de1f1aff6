package command

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"sidehook/config"
	"sidehook/relay/command/report"
	"sidehook/relay/command/usage"
	"sidehook/relay/measure"
)

func (c *commands) checkCommand() *cobra.Command {
	var strict, show, asRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check webhooks.yaml for errors",
		Long: "Reads webhooks.yaml, and prints every error and warning with its line, its\n" +
			"column and what to write instead. The exit code is 1 if there is an error. A\n" +
			"${…} without a value is a warning, because run may have another environment;\n" +
			"with --as-run it is an error.",
		Example: "  sidehook check --strict --config webhooks.yaml\n" +
			"  sidehook check --as-run",
		Args: usage.NoArgument,
		RunE: func(*cobra.Command, []string) error {
			if show && asJSON {
				return usage.Together("--print", "--json")
			}
			mode := config.Check
			if asRun {
				mode = config.Run
			}
			return c.check(mode, strict, show, asJSON)
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	cmd.Flags().BoolVar(&asRun, "as-run", false, "require a value for every ${…}, as run does")
	cmd.Flags().BoolVar(&show, "print", false, "print the resulting configuration with all defaults; secrets are hidden")
	usage.JSONFlag(cmd, &asJSON)
	return cmd
}

// checkResult is the answer of check as JSON.
type checkResult struct {
	File     string         `json:"file"`
	OK       bool           `json:"ok"`
	Webhooks int            `json:"webhooks"`
	Problems []checkProblem `json:"problems"`
}

type checkProblem struct {
	Severity string `json:"severity"` // error or warning
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Path     string `json:"path,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func (c *commands) check(mode config.Mode, strict, show, asJSON bool) error {
	path, err := config.Find(c.Config)
	if err != nil {
		return err
	}
	file, err := config.Load(path, mode)
	var problems config.Problems
	switch {
	case err == nil:
		problems = slices.Clone(file.Warnings)
		for _, in := range file.Refused() {
			problems = append(problems, in.Problems...)
		}
	case !errors.As(err, &problems):
		return err
	}
	if strict {
		problems = slices.Clone(problems)
		for i := range problems {
			problems[i].Warning = false
		}
	}
	answer := checkResult{File: path, OK: file != nil && !slices.ContainsFunc(problems, func(p config.Problem) bool { return !p.Warning }), Problems: []checkProblem{}}
	if file != nil {
		answer.Webhooks = len(file.Webhooks)
	}
	if asJSON {
		for _, p := range problems {
			answer.Problems = append(answer.Problems, checkProblem{severity(p), p.File, p.Line, p.Column, p.Path, p.Message, p.Hint})
		}
		if err := c.Out.JSON(answer); err != nil {
			return err
		}
	} else {
		report.PrintProblems(c.Err, problems)
		if show && file != nil && len(file.Refused()) == 0 {
			if err := file.Print(c.Out); err != nil {
				return err
			}
		}
	}
	if !answer.OK {
		return usage.ExitCode(1)
	}
	if !asJSON && !show {
		verdict := "OK"
		if len(problems) > 0 {
			verdict += ", " + measure.Count(len(problems), "warning")
		}
		count := measure.Count(len(file.Webhooks), "webhook")
		if more := len(file.Included); more > 0 {
			count += " in " + measure.Count(more+1, "file")
		}
		c.Out.Linef("%s: %s, %s", path, verdict, count)
	}
	return nil
}

func severity(p config.Problem) string {
	if p.Warning {
		return "warning"
	}
	return "error"
}
