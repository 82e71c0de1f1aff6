package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bug is one that would break a promise, written into the program by replacing a piece of
// a file, and the test that must find it.
type bug struct {
	name     string
	file     string // below the module
	was, is  string
	pkg, run string
}

var bugs = []bug{
	{
		"202 before the fsync", "history/journal/commit.go",
		"if err := c.writer.Sync(); err != nil {\n\t\treturn nil, 0, err\n\t}\n\ttook", "took",
		"history/journal", "TestCrashes",
	},
	{
		"a new segment's name is not synced", "history/internal/segment/writer.go",
		"if err := fs.Sync(); err != nil {", "if err := error(nil); err != nil {",
		"history/internal/segment", "TestPowerCuts",
	},
	{
		"segments are removed before it is durable that they have ended", "history/internal/retention/remove.go",
		"if err := k.Ledger.SyncEnds(); err != nil {", "if err := error(nil); err != nil {",
		"history/journal", "TestEndsAreDurableBeforeRemoval",
	},
	{
		"a failed fsync is tried again", "history/internal/segment/writer.go",
		"if err := w.file.Sync(); err != nil {\n", "if err := w.file.Sync(); err != nil && w.file.Sync() != nil {\n",
		"history/journal", "TestFailedSyncEndsIt",
	},
	{
		"damage is read as the end", "history/internal/segment/scanner.go",
		"if reason != \"\" {", "if reason != \"\" {\n\t\treturn jsonl.Line{}, io.EOF\n\t}\n\tif reason != \"\" {",
		"history/internal/segment", "TestDamage|TestEveryBit",
	},
	{
		"nobody looks whether the file is still there", "history/internal/segment/writer.go",
		"if err := w.file.Check(w.size); err != nil {", "if err := error(nil); err != nil {",
		"history/journal", "TestDeletedFileEndsIt",
	},
}

// errUnnoticed is the error of tests that have not found a bug.
var errUnnoticed = errors.New("not found by")

// bite builds a package's tests with a bug, and runs those that must find it. It returns
// which of them did.
func (b bug) bite(root string) (caught string, err error) {
	dir, err := os.MkdirTemp("", "sidehook-prove-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(root, b.file)
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	bitten, err := b.into(string(text))
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(changed, []byte(bitten), 0o600), os.WriteFile(overlay, list, 0o600)); err != nil {
		return "", err
	}
	if out, err := goTool(root, "vet", "-overlay", overlay, "./"+b.pkg); err != nil {
		return "", fmt.Errorf("the bug does not compile: %w\n%s", err, out)
	}
	out, err := goTool(root, "test", "-count=1", "-timeout=5m", "-overlay", overlay, "-run", "^("+b.run+")$", "./"+b.pkg)
	if err == nil {
		return "", fmt.Errorf("%w %s", errUnnoticed, b.run)
	}
	names := failed(out)
	if names == "" {
		return "", fmt.Errorf("the tests did not end as tests do:\n%s", out)
	}
	return names, nil
}

// into writes the bug into the text of its file.
func (b bug) into(text string) (string, error) {
	if n := strings.Count(text, b.was); n != 1 {
		return "", fmt.Errorf("%s has %q %d times, want once", b.file, b.was, n)
	}
	return strings.Replace(text, b.was, b.is, 1), nil
}

// failed returns the names of the tests that failed, without their subtests.
func failed(output string) string {
	var names []string
	for line := range strings.Lines(output) {
		if rest, ok := strings.CutPrefix(line, "--- FAIL: "); ok {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func goTool(root string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
