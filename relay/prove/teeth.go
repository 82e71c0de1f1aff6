package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bug is one that would break a promise, written into the program by replacing pieces of
// its files, and the tests of which one must find it.
type bug struct {
	name     string
	pkg, run string
	edits    []edit
}

// edit replaces a piece of a file that is there once.
type edit struct {
	file    string // below the module
	was, is string
}

var bugs = []bug{
	{"202 before the fsync", "history/journal", "TestCrashes", []edit{{
		"history/journal/commit.go",
		"if err := c.writer.Sync(); err != nil {\n\t\treturn nil, 0, err\n\t}\n\ttook", "took",
	}}},
	{"a new segment's name is not synced", "history/internal/segment", "TestPowerCuts", []edit{{
		"history/internal/segment/writer.go",
		"if err := fs.Sync(); err != nil {", "if err := error(nil); err != nil {",
	}}},
	{"segments are removed before it is durable that they have ended", "history/journal", "TestEndsAreDurableBeforeRemoval", []edit{{
		"history/internal/retention/remove.go",
		"if err := k.Ledger.SyncEnds(); err != nil {", "if err := error(nil); err != nil {",
	}}},
	{"a failed fsync is tried again", "history/journal", "TestFailedSyncEndsIt", []edit{{
		"history/internal/segment/writer.go",
		"if err := w.file.Sync(); err != nil {", "if err := w.file.Sync(); err != nil && w.file.Sync() != nil {",
	}}},
	{"damage is read as the end", "history/internal/segment", "TestDamage|TestEveryBit", []edit{{
		"history/internal/segment/scanner.go",
		"if reason != \"\" {", "if reason != \"\" {\n\t\treturn jsonl.Line{}, io.EOF\n\t}\n\tif reason != \"\" {",
	}}},
	{"nobody looks whether the file is still there", "history/journal", "TestDeletedFileEndsIt", []edit{{
		"history/internal/segment/writer.go",
		"if err := w.file.Check(w.size); err != nil {", "if err := error(nil); err != nil {",
	}}},

	// On PostgreSQL.
	{"202 in spite of a notice", "history/postgres/database", "TestCallTakesNoNoticeForASuccess", []edit{{
		"history/postgres/database/conn.go",
		"if c.notice != nil {\n\t\treturn &NoticeError{c.notice}\n\t}\n\treturn scanned", "return scanned",
	}}},
	{"what a former owner records moves the queue", "history/postgres/ledger", "TestLate", []edit{{
		"history/postgres/database/sql/ownership.sql",
		"SELECT array_agg(c.epoch IS NULL ORDER BY o.ord) INTO late", "SELECT array_agg(false ORDER BY o.ord) INTO late",
	}}},
	{"two members own a webhook", "history/postgres/member", "TestModel", []edit{
		{
			"history/postgres/member/balance.go",
			"case owner == m.o.Name && !v.lives(c.owner, c.incarnation):", "case owner == m.o.Name:",
		},
		{
			"history/postgres/database/sql/ownership.sql",
			"\n      AND (c.owner = p_name AND c.incarnation = p_incarnation\n        OR NOT EXISTS (SELECT FROM {schema}.members m WHERE m.name = c.owner AND m.incarnation = c.incarnation AND m.beat NOT IN (0, i.beat)))", "",
		},
	}},
	{"a member begins requests after its lease", "history/postgres/member", "TestModel|TestSilence", []edit{{
		"history/postgres/member/member.go",
		"return !f.m.mayBegin() || f.Ledger.Full()", "return f.Ledger.Full()",
	}}},
}

// errUnnoticed is the error of tests that have not found a bug.
var errUnnoticed = errors.New("not found by")

// bite builds a package's tests with a bug, and runs those that must find it. It returns
// which of them did.
func (b bug) bite(ctx context.Context, root string) (caught string, err error) {
	dir, err := os.MkdirTemp("", "sidehook-prove-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	changed, err := b.into(root)
	if err != nil {
		return "", err
	}
	overlay, replaced := filepath.Join(dir, "overlay.json"), map[string]string{}
	for file, text := range changed {
		replaced[filepath.Join(root, file)] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(replaced[filepath.Join(root, file)], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(overlay, list, 0o600); err != nil {
		return "", err
	}
	if out, err := goTool(ctx, root, "vet", "-overlay", overlay, "./"+b.pkg); err != nil {
		return "", fmt.Errorf("the bug does not compile: %w\n%s", err, out)
	}
	out, err := goTool(ctx, root, "test", "-count=1", "-timeout=5m", "-overlay", overlay, "-run", "^("+b.run+")$", "./"+b.pkg)
	if err == nil {
		return "", fmt.Errorf("%w %s", errUnnoticed, b.run)
	}
	names := failed(out)
	if names == "" {
		return "", fmt.Errorf("the tests did not end as tests do:\n%s", out)
	}
	return names, nil
}

// into returns the files with the bug.
func (b bug) into(root string) (map[string]string, error) {
	files := map[string]string{}
	for _, e := range b.edits {
		text, ok := files[e.file]
		if !ok {
			read, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				return nil, err
			}
			text = string(read)
		}
		if n := strings.Count(text, e.was); n != 1 {
			return nil, fmt.Errorf("%s has %q %d times, want once", e.file, e.was, n)
		}
		files[e.file] = strings.Replace(text, e.was, e.is, 1)
	}
	return files, nil
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

func goTool(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
