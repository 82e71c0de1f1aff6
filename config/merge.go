package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
)

// sumOf returns the sum of the file and of one part of each file of include.
func sumOf(main *part, included []*Included, of func(*Included) *part) string {
	if len(included) == 0 {
		return main.hash
	}
	sum := sha256.New()
	io.WriteString(sum, main.hash)
	for _, in := range included {
		if p := of(in); p != nil {
			fmt.Fprintf(sum, "\x00%s\x00%s", in.Path, p.hash)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// mostWarnings is how many warnings of all files together are kept.
const mostWarnings = 1000

// warningsOf returns the warnings of all that is in force, each once: what is doubtful
// in defaults is found again for each file.
func warningsOf(main *part, included []*Included) Problems {
	if len(included) == 0 {
		return main.problems
	}
	list := slices.Clone(main.problems)
	known := make(map[Problem]bool)
	for _, p := range list {
		known[p] = true
	}
	omitted := 0
	for _, in := range included {
		if in.inForce == nil {
			continue
		}
		for _, p := range in.inForce.problems {
			switch {
			case known[p]:
			case len(list) >= mostWarnings:
				omitted++
			default:
				known[p] = true
				list = append(list, p)
			}
		}
	}
	if omitted > 0 {
		list = append(list, Problem{File: main.path, Message: fmt.Sprintf("%d more warnings in files of include", omitted), Warning: true})
	}
	return list
}
