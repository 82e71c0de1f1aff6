package sign

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Verify checks a request as its receiver would: nil means that body came from
// someone who holds one of keys, and, where the scheme signs a time, that it
// was sent within Tolerance of now, as the scheme's own libraries take that.
// The error says what does not hold.
func Verify(scheme Scheme, keys []Key, h http.Header, body []byte, now time.Time) error {
	f, err := formOf(scheme)
	if err != nil {
		return fmt.Errorf("verify request: %w", err)
	}
	if len(keys) == 0 {
		return errors.New("verify request: no secret to verify with")
	}
	if err := f.verify(keys, h, body, now); err != nil {
		return fmt.Errorf("verify request: %w", err)
	}
	return nil
}

func errNoMatch(header string) error {
	return fmt.Errorf("no signature in %s matches: the body was changed, or the secret is another", header)
}
