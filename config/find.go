package config

import (
	"errors"
	"io/fs"
	"os"
)

// Find returns the path of the file to use: the flag, $SIDEHOOK_CONFIG, or the
// first that exists of ./webhooks.yaml and /etc/sidehook/webhooks.yaml.
func Find(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv("SIDEHOOK_CONFIG"); path != "" {
		return path, nil
	}
	for _, path := range []string{"webhooks.yaml", "/etc/sidehook/webhooks.yaml"} {
		// A file that cannot be read is still the one to use: another would hide the
		// reason.
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", errors.New("find webhooks.yaml: there is none in this folder or in /etc/sidehook; name one with --config FILE or SIDEHOOK_CONFIG")
}
