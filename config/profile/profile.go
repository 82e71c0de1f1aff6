// Package profile owns the words for the form of a request: formats of the body,
// schemes of the signature, and the profiles that set both. It promises that every
// profile means one format, one scheme and one user agent. Package config reads its
// keys with it. The packages format and sign make the requests.
package profile

import (
	"slices"

	"sidehook/config/yamlnode"
)

// Names returns the words that profile can be.
func Names() []string {
	return []string{"standard", "cloudevents", "qlik", "github", "stripe", "shopify"}
}

// Formats returns the words that format can be.
func Formats() []string {
	return []string{"standard", "cloudevents", "cloudevents-binary", "cloudevents-0.1", "data"}
}

// Signatures returns the words that signature can be.
func Signatures() []string {
	return []string{"standard", "qlik", "github", "stripe", "shopify", "none"}
}

// Of returns what a profile means; "" as agent is sidehook's own.
func Of(profile string) (format, signature, agent string) {
	switch profile {
	case "cloudevents":
		return "cloudevents", "standard", ""
	case "qlik":
		return "cloudevents-0.1", "qlik", "Qlik Webhook"
	case "github", "stripe", "shopify":
		return "data", profile, ""
	}
	return "standard", "standard", ""
}

// ReadSignature reads one scheme or several.
func ReadSignature(r *yamlnode.Reader, v *yamlnode.Value, into *[]string) {
	items := r.OneOrItems(v)
	if len(items) == 0 {
		r.Fail(v, "is an empty list", "write signature: none if that is meant")
	}
	*into = nil
	for i := range items {
		t, ok := r.Known(&items[i])
		if !ok || !r.OneOf(t, Signatures()) {
			continue
		}
		if slices.Contains(*into, t.String()) {
			r.Fail(t.At, t.String()+" is given twice", "remove one")
		}
		if len(items) > 1 && t.String() == "none" {
			r.Fail(t.At, "none cannot be combined with others", "remove it, or the others")
		}
		*into = append(*into, t.String())
	}
}
