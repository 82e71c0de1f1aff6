package config

// unsupported lists what sidehook means to do and does not do yet, by where it
// stands in the file. It is refused, because a key that is read and has no
// effect would be believed.
func unsupported(where string) []string {
	switch where {
	case "history":
		return []string{"keep", "max_size"}
	case "webhook":
		return []string{
			"when", "transform", "paused", "rate", "order",
			"expire_after", "max_backlog", "tls", "proxy",
		}
	}
	return nil
}
