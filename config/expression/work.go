package expression

// maxWork is the work of an evaluation (X1). A unit takes some ten nanoseconds. Bytes
// that are made cost more than bytes that are read, so that memory is bounded too:
// an evaluation makes at most some 4 MiB of strings, or 16 MiB of lists and objects.
const maxWork = 1_000_000

// maxMemory is the memory budget of the machine: the items of the lists and the
// members of the objects that it makes.
const maxMemory = 200_000

// run is one evaluation.
type run struct {
	event *Event
	left  int // of maxWork
	depth int // of the value that walk has reached
}

// work charges some units, or fails.
func (r *run) work(units int) {
	if units < 0 || units > r.left {
		panic(tooMuch)
	}
	r.left -= units
}

// read charges for reading some bytes.
func (r *run) read(bytes int) { r.work(1 + bytes/8) }

// make charges for making some bytes, before they are made.
func (r *run) make(bytes int) { r.work(1 + bytes/4) }

// makeList charges for making a list of some items.
func (r *run) makeList(items int) { r.work(1 + 4*items) }

// maxDepth is how deep a value may be nested.
const maxDepth = 2000

// walk calls each with a value and everything in it, and charges for all of it, as
// often as it is reached. It fails on a value that is nested too deeply.
func (r *run) walk(v any, each func(any)) {
	each(v)
	r.work(1)
	if r.depth++; r.depth > maxDepth {
		fail("makes values that are nested too deeply")
	}
	switch v := v.(type) {
	case string:
		r.make(len(v))
	case []any:
		r.makeList(len(v))
		for _, item := range v {
			r.walk(item, each)
		}
	case map[string]any:
		r.makeList(4 * len(v))
		for key, value := range v {
			r.make(len(key))
			r.walk(value, each)
		}
	}
	r.depth--
}
