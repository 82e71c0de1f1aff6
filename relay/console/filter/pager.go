package filter

import (
	"net/url"
)

// PerPage is how many rows a page has.
const PerPage = 50

// Pager has the addresses of other pages of a list, as far as there are any.
type Pager struct{ First, Next string }

// PagerOf returns the pager of a list at an address. cursor is that of the next page, or "".
func PagerOf(at *url.URL, cursor string) (p Pager) {
	if cursor != "" {
		p.Next = With(at, "cursor", cursor)
	}
	if at.Query().Get("cursor") != "" {
		p.First = With(at, "cursor", "")
	}
	return p
}

// PerPage is for templates.
func (Pager) PerPage() int { return PerPage }

// With returns an address with another value of a parameter; "": without it. But for the
// cursor, that is another list, which begins at its first page.
func With(at *url.URL, name, value string) string {
	q := at.Query()
	q.Del(name)
	q.Del("cursor")
	if value != "" {
		q.Set(name, value)
	}
	to := url.URL{Path: at.Path, RawPath: at.RawPath, RawQuery: q.Encode()}
	return to.String()
}
