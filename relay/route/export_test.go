package route

// Find is Match past the cache, for an event without attributes.
func Find(x *Index, typ string) []string { return x.answer(x.tree.match(nil, anyEvent, typ)).names }

// Compared returns how many globs of rules with attributes an event is compared with
// after the index has found them.
func Compared(x *Index, typ string, has Attributes) int {
	found, _ := x.candidates(typ, has, nil)
	return len(found)
}
