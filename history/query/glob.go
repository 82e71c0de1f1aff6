package query

import (
	"fmt"
	"strings"
)

// Glob selects types. It consists of words separated by dots: * matches exactly
// one word and ** any number of words, also none. Any other text is the type
// itself, and "" selects all types. Unlike a webhook's globs, ** selects operational
// events, too: what is asked for is shown.
type Glob string

// ParseGlob checks a glob. The error states what is wrong with it.
func ParseGlob(text string) (Glob, error) {
	if strings.Contains(text, "*") {
		for word := range strings.SplitSeq(text, ".") {
			if word != "*" && word != "**" && strings.Contains(word, "*") {
				return "", fmt.Errorf("* and ** stand for whole words, and %q mixes them with letters", word)
			}
		}
	}
	return Glob(text), nil
}

// Match reports whether the glob selects a type.
func (g Glob) Match(typ string) bool {
	if g == "" || string(g) == typ {
		return true
	}
	if strings.IndexByte(string(g), '*') < 0 {
		return false
	}
	// Each ** first takes no word, and one more whenever what follows it does not
	// match. Only the last ** needs to: the words before it have matched.
	const end = "\x00" // the rest after the last word
	glob, rest := string(g), typ
	backGlob, backRest := end, end
	for rest != end || glob != end {
		if glob != end {
			word, after := cutWord(glob, end)
			if word == "**" {
				glob, backGlob, backRest = after, after, rest
				continue
			}
			if rest != end {
				if first, others := cutWord(rest, end); word == "*" || word == first {
					glob, rest = after, others
					continue
				}
			}
		}
		if backRest == end {
			return false
		}
		_, backRest = cutWord(backRest, end)
		glob, rest = backGlob, backRest
	}
	return true
}

// cutWord cuts the first word off; after the last one the rest is end.
func cutWord(text, end string) (word, rest string) {
	word, rest, more := strings.Cut(text, ".")
	if !more {
		rest = end
	}
	return word, rest
}
