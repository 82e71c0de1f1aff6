package yamlnode

import "strings"

// DidYouMean returns a hint for an unknown word: the known word nearest to it. It returns ""
// if none is near.
func (r *Reader) DidYouMean(word string, known []string) string {
	// A hint for a problem that is not kept would be wasted work.
	if r.Full() {
		return ""
	}
	return didYouMean(Nearest(word, known))
}

// DidYouMeanKey is DidYouMean for a key, which may also be the beginning of a
// known one.
func (r *Reader) DidYouMeanKey(key string, known []string) string {
	if hint := r.DidYouMean(key, known); hint != "" {
		return hint
	}
	return didYouMean(sharedBeginning(key, known))
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return "did you mean \"" + near + "\"?"
}

// Suggest is DidYouMean for a value, which may be a secret.
func (r *Reader) Suggest(t Text, known []string) string {
	if t.Hidden() {
		return ""
	}
	return r.DidYouMean(t.string, known)
}

// Nearest returns the known word that word is most likely a misspelling of, or "".
func Nearest(word string, known []string) string {
	if len(word) > 64 {
		return ""
	}
	word = strings.ToLower(word)
	best, least := "", 0
	for _, k := range known {
		// More than one wrong letter in three makes another word.
		most := max(1, len(k)/3)
		if len(k)-len(word) > most || len(word)-len(k) > most {
			continue // each letter too few or too many is a wrong one
		}
		if d := distance(word, k); d <= most && (best == "" || d < least) {
			best, least = k, d
		}
	}
	return best
}

// sharedBeginning returns the known word that shares the longest beginning with
// word, or "": one that begins with word, or shares at least half of its letters.
func sharedBeginning(word string, known []string) string {
	best, most := "", 1
	for _, k := range known {
		n := common(word, k)
		if n > most && (n == len(word) || n >= max(len(word), len(k))/2 && n > 2) {
			best, most = k, n
		}
	}
	return best
}

// common counts the letters that both begin with.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance counts the letters to insert, remove, replace or swap with their
// neighbour to make b of a.
func distance(a, b string) int {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, before
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differ := 1
			if a[i-1] == b[j-1] {
				differ = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}

// Or joins words as a sentence does: a, b or c.
func Or(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
