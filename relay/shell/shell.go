// Package shell writes arguments of commands that people paste into a shell.
package shell

import "strings"

// Quote returns an argument as a shell takes it, without quotes where it needs none.
func Quote(arg string) string {
	special := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-+=:/@.,%", r))
	}
	if arg != "" && !strings.ContainsFunc(arg, special) {
		return arg
	}
	return InQuotes(arg)
}

// InQuotes returns an argument as a shell takes it, in single quotes.
func InQuotes(arg string) string { return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'" }
