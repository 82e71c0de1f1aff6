package route

// Find is Match past the cache.
func Find(x *Index, typ string) []string { return x.find(typ) }
