package deliver_test

import "testing"

// TestKeys has the keys of a webhook that are about longer times than a test of
// the whole relay may take; here they pass in no time.
func TestKeys(t *testing.T) {
	t.Run("retry", retryKey)
	t.Run("rate", rateKey)
	t.Run("disable_after", disableAfterKey)
}
