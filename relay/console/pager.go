package console

import "net/url"

// perPage is how many rows a page has.
const perPage = 50

// pager has the addresses of other pages of a list, as far as there are any.
type pager struct{ First, Next string }

// pagerOf returns the pager of a list at an address. cursor is that of the next page, or "".
func pagerOf(at *url.URL, cursor string) (p pager) {
	if cursor != "" {
		p.Next = with(at, "cursor", cursor)
	}
	if at.Query().Get("cursor") != "" {
		p.First = with(at, "cursor", "")
	}
	return p
}

// PerPage is for templates.
func (pager) PerPage() int { return perPage }

// with returns an address with another value of a parameter; "": without it. But for the
// cursor, that is another list, which begins at its first page.
func with(at *url.URL, name, value string) string {
	q := at.Query()
	q.Del(name)
	q.Del("cursor")
	if value != "" {
		q.Set(name, value)
	}
	to := url.URL{Path: at.Path, RawPath: at.RawPath, RawQuery: q.Encode()}
	return to.String()
}
