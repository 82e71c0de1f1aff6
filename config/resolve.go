package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sidehook/config/files"
	"sidehook/config/yamlnode"
)

// Resolve returns what a reference stands for; false after it has reported why
// there is nothing.
func (l *loader) Resolve(v *value, ref yamlnode.Reference) (string, bool) {
	content, err := l.lookUp(ref)
	if err == nil {
		return content, true
	}
	l.missing(v, err)
	return "", false
}

// missing reports that what the value names cannot be read here. Check cannot tell
// whether the relay, in another environment and as another user, can read it.
func (l *loader) missing(v *value, err error) {
	_, judged := errors.AsType[files.Unusable](err)
	switch {
	case l.mode == Check && !judged:
		l.Warn(v, err.Error(), "run will not start without it")
	case l.mode == Tools && (v.Path() == "listen.token" || v.Path() == "listen.read_token"):
		// A command beside the relay can use the socket, without a token.
		l.Warn(v, err.Error(), "")
	default:
		l.Fail(v, err.Error(), "")
	}
}

func (l *loader) lookUp(ref yamlnode.Reference) (string, error) {
	here := ""
	if l.mode == Check {
		here = " here"
	}
	switch ref.Kind {
	case "file":
		n := l.files.Read(l.absolute(ref.Name), maxNamed)
		return n.Content, n.Err
	case "cred":
		dir := os.Getenv("CREDENTIALS_DIRECTORY")
		if dir == "" {
			return "", fmt.Errorf("credential %s cannot be read: CREDENTIALS_DIRECTORY is not set%s", ref.Name, here)
		}
		n := l.files.Read(filepath.Join(dir, ref.Name), maxNamed)
		return n.Content, n.Err
	}
	content, ok := os.LookupEnv(ref.Name)
	if !ok {
		return "", fmt.Errorf("environment variable %s is not set%s", ref.Name, here)
	}
	return content, nil
}

// absolute returns a path of the file, which is relative to the file's folder, as
// a path for this process.
func (l *loader) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(l.File()), path)
}
