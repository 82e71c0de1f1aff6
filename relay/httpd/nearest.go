package httpd

import "strings"

// nearest returns the call whose path is most like that of a request, and of
// several such calls the one with its method.
func (s *Server) nearest(method, path string) *Call {
	const longest = 200 // more is not compared
	path = path[:min(len(path), longest)]
	var best *Call
	least := 0
	for i := range s.calls {
		c := &s.calls[i]
		far := 2 * distance(path, fill(c.Path, path))
		if c.Method != method {
			far++
		}
		if best == nil || far < least {
			best, least = c, far
		}
	}
	return best
}

// fill replaces the {name} of a pattern with what a path has in its place.
func fill(pattern, path string) string {
	segments, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") && i < len(given) && given[i] != "" {
			segments[i] = given[i]
		}
	}
	return strings.Join(segments, "/")
}

// distance counts the letters to insert, remove or replace to turn a into b.
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
