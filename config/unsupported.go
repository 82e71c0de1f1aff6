package config

// unsupported lists what sidehook means to do and does not do yet, by where it
// stands in the file. It is refused, because a key that is read and has no
// effect would be believed.
func unsupported(where string) []string {
	switch where {
	case "webhook":
		return []string{
			"when", "transform", "paused", "rate", "order",
			"expire_after", "max_backlog", "tls", "proxy",
		}
	case "profile":
		return []string{"github", "stripe", "shopify"}
	case "format":
		return []string{"cloudevents-binary", "data"}
	case "signature":
		return []string{"github", "stripe", "shopify", severalSignatures}
	case "secret":
		return []string{edPrefix}
	}
	return nil
}

// severalSignatures stands for a list of more than one.
const severalSignatures = "a list of several"

// notYet reports a value that is not supported yet, beside those that are.
func (l *loader) notYet(v *value, what string, instead []string) {
	hint := ""
	if len(instead) > 0 {
		hint = "write " + list(instead)
	}
	l.fail(v, what+" is not supported yet", hint)
}
