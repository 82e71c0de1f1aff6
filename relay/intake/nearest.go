package intake

import "strings"

// nearest is the call whose path is most like that of a request; of several the
// one with its method.
func (s *Server) nearest(method, path string) *call {
	const longest = 200 // what is more is not compared
	path = path[:min(len(path), longest)]
	var best *call
	least := 0
	for i := range s.calls {
		c := &s.calls[i]
		far := 2 * distance(path, fill(c.path, path))
		if c.method != method {
			far++
		}
		if best == nil || far < least {
			best, least = c, far
		}
	}
	return best
}

// fill puts what a path has at the place of a pattern's {name} there.
func fill(pattern, path string) string {
	segments, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") && i < len(given) && given[i] != "" {
			segments[i] = given[i]
		}
	}
	return strings.Join(segments, "/")
}

// distance counts the letters to insert, remove or replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, replaced)
		}
	}
	return row[len(b)]
}
