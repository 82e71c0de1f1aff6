package config

import (
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"sidehook/config/canonical"
)

// Print writes the file in force as YAML: every webhook complete, with what came
// from defaults and profile, and secrets as ***.
func (f *File) Print(w io.Writer) error {
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(canonical.Node(pairsOf(declared.top, f, leaveOut))); err != nil {
		return fmt.Errorf("print %s: %w", f.Path, err)
	}
	return e.Close()
}
