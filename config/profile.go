package config

// The words that profile, format and signature can be.
func profiles() []string {
	return []string{"standard", "cloudevents", "qlik", "github", "stripe", "shopify"}
}

func formats() []string {
	return []string{"standard", "cloudevents", "cloudevents-binary", "cloudevents-0.1", "data"}
}

func signatures() []string {
	return []string{"standard", "qlik", "github", "stripe", "shopify", "none"}
}

// resolveProfile sets the keys that the profile decides and the webhook leaves out.
func (w *Webhook) resolveProfile() {
	format, signature, agent := "standard", "standard", ""
	switch w.Profile {
	case "cloudevents":
		format = "cloudevents"
	case "qlik":
		format, signature, agent = "cloudevents-0.1", "qlik", "Qlik Webhook"
	case "github", "stripe", "shopify":
		format, signature = "data", w.Profile
	}
	if w.Format == "" {
		w.Format = format
	}
	if w.Signature == nil {
		w.Signature = []string{signature}
	}
	if w.UserAgent == "" {
		w.UserAgent = agent
	}
}
