package fileedit

import (
	"errors"
	"fmt"
	"os"

	"sidehook/relay/sign"
)

// first is the file that init writes. Its webhook reaches sidehook listen.
const first = `# What sidehook sends, and where. It is read again each time it is saved.
# All keys: sidehook help config

webhooks:
  - name: example
    description: Everything, to a receiver on this machine (sidehook listen)
    url: http://127.0.0.1:9000/
    allow: [http, any-host, 127.0.0.0/8]  # a receiver with https needs none of these
    events: ["**"]                        # such as order.paid, order.* or **
    secret: %s
`

// WriteFirst writes a small file to begin with, with a fresh secret. It never overwrites
// one.
func WriteFirst(path string) error {
	// Only its owner may read it, as it has a secret.
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; to add a webhook to it: sidehook webhook add --help", path)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, first, sign.GenerateSecret())
	return errors.Join(err, file.Close())
}
