package config

// unsupported lists what sidehook means to do and does not do yet, by where it
// stands in the file. It is refused, because a key that is read and has no
// effect would be believed.
func unsupported(where string) []string {
	switch where {
	case "history":
		return []string{"keep", "max_size"}
	}
	return nil
}
