package include

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"sidehook/config/files"
	"sidehook/config/yamlnode"
)

// Included is a file of include: its content, and the content that is in force.
type Included[W any] struct {
	Path string
	// Problems are its errors and warnings if it is refused, nil if it is in force as
	// it stands.
	Problems yamlnode.Problems

	Context string   // the text outside it that it was read with, such as the defaults
	Now     *Part[W] // its content now
	InForce *Part[W] // its content when it was last good; nil if nothing is in force
}

// Refused reports whether the file holds itself up.
func (in *Included[W]) Refused() bool { return in.InForce != in.Now }

// Missing reports whether nothing of the file is in force.
func (in *Included[W]) Missing() bool { return in.InForce == nil }

// FirstProblem returns the first error of a file that is refused.
func (in *Included[W]) FirstProblem() yamlnode.Problem {
	i := slices.IndexFunc(in.Problems, func(p yamlnode.Problem) bool { return !p.Warning })
	return in.Problems[max(i, 0)]
}

// SameReading reports whether the file was not read again since another reading, nil if
// there was none.
func (in *Included[W]) SameReading(other *Included[W]) bool {
	return other != nil && in.Now == other.Now
}

// Files returns how the file, and those it names, looked when they were read.
func (in *Included[W]) Files() []files.Stamp { return in.Now.Files }

// Sum returns the sum of the file and of one part of each file of include.
func Sum[W any](main *Part[W], included []*Included[W], of func(*Included[W]) *Part[W]) string {
	if len(included) == 0 {
		return main.Hash
	}
	sum := sha256.New()
	io.WriteString(sum, main.Hash)
	for _, in := range included {
		if p := of(in); p != nil {
			fmt.Fprintf(sum, "\x00%s\x00%s", in.Path, p.Hash)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// mostWarnings is how many warnings of all files together are kept.
const mostWarnings = 1000

// Warnings returns the warnings of all that is in force, each once: what is doubtful
// in defaults is found again for each file.
func Warnings[W any](main *Part[W], included []*Included[W]) yamlnode.Problems {
	if len(included) == 0 {
		return main.Problems
	}
	list := slices.Clone(main.Problems)
	known := make(map[yamlnode.Problem]bool)
	for _, p := range list {
		known[p] = true
	}
	omitted := 0
	for _, in := range included {
		if in.InForce == nil {
			continue
		}
		for _, p := range in.InForce.Problems {
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
		list = append(list, yamlnode.Problem{File: main.Path, Message: fmt.Sprintf("%d more warnings in files of include", omitted), Warning: true})
	}
	return list
}
