package archive

import (
	"fmt"
	"strings"
	"time"

	"sidehook/history/postgres/database"
	"sidehook/history/query"
)

// where collects the conditions of a statement and their arguments.
type where struct {
	conditions []string
	args       []database.Argument
}

// add adds a condition, in which each ? is replaced by one of the arguments.
func (w *where) add(condition string, args ...database.Argument) {
	for _, arg := range args {
		w.args = append(w.args, arg)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(w.args)), 1)
	}
	w.conditions = append(w.conditions, condition)
}

// within adds that a time is from since on and before until; zero: no bound.
func (w *where) within(since, until time.Time) {
	if !since.IsZero() {
		w.add(`at >= ?`, database.Int8(nanos(since)))
	}
	if !until.IsZero() {
		w.add(`at < ?`, database.Int8(nanos(until)))
	}
}

// glob adds what the types have that a glob selects, which may be more.
func (w *where) glob(g query.Glob) {
	text := string(g)
	fixed, _, wild := strings.Cut(text, "*")
	switch {
	case text == "", !wild && strings.IndexByte(text, 0) >= 0:
	case !wild:
		w.add(`type = ?`, database.Text(text))
	default:
		// ** may match no word, and then no dot.
		fixed = strings.TrimSuffix(fixed, ".")
		if n := len(fixed); n > 0 && fixed[n-1] < 0x7f {
			w.add(`type >= ? AND type < ?`, database.Text(fixed), database.Text(fixed[:n-1]+string(fixed[n-1]+1)))
		}
	}
}

func (w *where) String() string { return strings.Join(w.conditions, " AND ") }

// clone returns one to which more may be added.
func (w *where) clone() *where {
	return &where{append([]string(nil), w.conditions...), append([]database.Argument(nil), w.args...)}
}

// nanos returns Unix nanoseconds, or the nearest that there are.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, 0)):
		return 0
	case t.Year() > 2260:
		return 1<<63 - 1
	}
	return t.UnixNano()
}
