package api

import (
	"slices"
	"time"

	"sidehook/history"
)

// Config is the configuration in force.
type Config struct {
	Path       string             `json:"path"`
	Hash       string             `json:"hash"`
	Generation history.Generation `json:"generation"`
	Loaded     time.Time          `json:"loaded"`
	Restart    []string           `json:"restart"`           // keys whose value in the file takes effect at the next start
	Refused    []string           `json:"refused,omitempty"` // files of include that have errors
	// Problems are the errors and warnings of the last edit, if it was rejected, those
	// of files of include that are refused, and the warnings of the configuration in
	// force.
	Problems []ConfigProblem `json:"problems"`
	// Troubles are what keeps events from coming in or from being safe now, beside the
	// states of webhooks: a sentence each.
	Troubles []string `json:"troubles,omitempty"`
}

// Errors returns the errors of the last edit: why it was rejected.
func (c *Config) Errors() []ConfigProblem {
	return c.errors(func(p ConfigProblem) bool { return !slices.Contains(c.Refused, p.File) })
}

// IncludedErrors returns the errors of files of include that are refused.
func (c *Config) IncludedErrors() []ConfigProblem {
	return c.errors(func(p ConfigProblem) bool { return slices.Contains(c.Refused, p.File) })
}

func (c *Config) errors(of func(ConfigProblem) bool) (list []ConfigProblem) {
	for _, p := range c.Problems {
		if !p.Warning && of(p) {
			list = append(list, p)
		}
	}
	return list
}

// ConfigProblem is something that is wrong or doubtful in webhooks.yaml.
type ConfigProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`           // from 1; 0: it concerns the file as a whole
	Column  int    `json:"column"`         // from 1, in characters; 0 without a line
	Path    string `json:"path"`           // of the key, such as webhooks[1] (crm).url
	Message string `json:"message"`        // what is wrong
	Hint    string `json:"hint,omitempty"` // what to write instead
	Warning bool   `json:"warning"`        // it is only doubtful
}
