package relay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// flow says which packages of this module each one imports. Imports point one way: main,
// command, relay, then intake and deliver, then history, then what is on disk. A package
// or an import that is not here fails the test, and so does one that is no longer there:
// what a folder knows is decided here.
var flow = map[string][]string{
	"sidehook":             {"relay/command"},
	"relay/command":        {"config", "config/watch", "config/yamlnode", "history", "history/event", "relay", "relay/api", "relay/command/cli", "relay/command/cluster", "relay/command/deliveries", "relay/command/demo", "relay/command/develop", "relay/command/fileedit", "relay/command/ndjson", "relay/command/pages", "relay/command/reading", "relay/command/reload", "relay/command/report", "relay/command/runlog", "relay/command/source", "relay/command/terminal", "relay/command/usage", "relay/command/webhook", "relay/measure", "relay/memory", "relay/outbox", "relay/plan", "relay/shell", "relay/systemd"},
	"relay":                {"config", "history", "history/event", "history/journal", "history/postgres", "history/postgres/database", "history/postgres/member", "history/query", "history/queue", "history/stats", "history/trouble", "relay/admin", "relay/api", "relay/console", "relay/console/session", "relay/deliver", "relay/deliver/health", "relay/deliver/pace", "relay/editing", "relay/engine", "relay/firstattempt", "relay/httpd", "relay/inforce", "relay/intake", "relay/losses", "relay/memory", "relay/metrics", "relay/notice", "relay/operator", "relay/outbox", "relay/plan", "relay/send"},
	"relay/outbox":         {"history/event", "history/trouble"},
	"relay/notice":         {"history", "history/event", "history/trouble"},
	"relay/httpd":          {"history", "relay/api", "relay/httpd/plain", "history/trouble"},
	"relay/httpd/plain":    {},
	"relay/intake":         {"history", "history/event", "relay/api", "relay/httpd"},
	"relay/admin":          {"history", "history/query", "relay/api", "relay/httpd"},
	"relay/console":        {"history", "history/query", "history/stats", "relay/admin", "relay/api", "relay/console/catalogue", "relay/console/editor", "relay/console/figure", "relay/console/filter", "relay/console/lastday", "relay/console/payload", "relay/console/session", "relay/console/trace", "relay/console/view", "relay/httpd", "relay/measure", "relay/shell"},
	"relay/api":            {"history", "history/event"},
	"relay/api/client":     {"relay/api"},
	"relay/apitest":        {"history", "history/event", "history/historytest", "history/query", "relay/admin", "relay/api", "relay/httpd", "relay/intake"},
	"relay/bench":          {}, // a program: it knows sidehook by its binary
	"relay/deliver":        {"history", "history/queue", "history/stats", "relay/deliver/health", "relay/deliver/pace", "relay/send"},
	"relay/deliver/health": {"history"},
	"relay/deliver/pace":   {},
	"relay/send":           {"history", "history/event", "relay/dial", "relay/format", "relay/send/http1", "relay/sign"}, // no queue: an attempt cannot end a delivery
	"relay/send/http1":     {},
	"relay/editing":        {"config", "config/edit", "config/mask", "history/event", "relay/admin", "relay/api", "relay/console/catalogue", "relay/console/editor", "relay/fileedit", "relay/plan", "relay/shell", "relay/sign"},
	"relay/engine":         {"history", "history/journal", "history/query", "history/queue", "history/stats", "relay/admin", "relay/api", "relay/deliver", "relay/inforce", "relay/metrics"},
	"relay/fileedit":       {"config", "config/edit"},
	"relay/firstattempt":   {"history", "history/query", "relay/api", "relay/intake"},
	"relay/format":         {"history/event"},
	"relay/inforce":        {"config", "config/unit", "history", "history/event", "history/queue", "relay/deliver", "relay/deliver/pace", "relay/format", "relay/intake", "relay/matching", "relay/notice", "relay/outbox", "relay/send", "relay/sign"},
	"relay/losses":         {"history"},
	"relay/matching":       {"config", "config/expression", "history", "history/event", "relay/api", "relay/route"},
	"relay/metrics":        {"history", "history/queue"},
	"relay/operator":       {"config", "history", "history/event", "history/journal", "history/query", "history/queue", "history/stats", "relay/admin", "relay/api", "relay/console", "relay/console/catalogue", "relay/console/session", "relay/console/trace", "relay/deliver", "relay/editing", "relay/engine", "relay/format", "relay/httpd", "relay/inforce", "relay/intake", "relay/losses", "relay/notice", "relay/outbox", "relay/plan", "relay/send", "relay/sign"},
	"relay/prove":          {}, // a program: it runs go test
	"relay/plan":           {"config", "history", "history/event", "relay/api", "relay/matching"},

	// The rooms of the console.
	"relay/console/consoletest": {"config", "config/watch", "history/historytest", "relay"}, // of tests alone
	"relay/console/session":     {},
	"relay/console/catalogue":   {"history/query"},
	"relay/console/editor":      {"relay/api", "relay/console/catalogue"},
	"relay/console/lastday":     {},
	"relay/console/figure":      {"relay/measure"},
	"relay/console/filter":      {"config/unit", "history", "history/query", "relay/api"},
	"relay/console/payload":     {"relay/api", "relay/measure"},
	"relay/console/trace":       {"history", "history/event", "history/query", "relay/admin", "relay/api", "relay/console/figure", "relay/console/payload", "relay/measure", "relay/shell"},
	"relay/console/view":        {"history", "relay/console/payload", "relay/measure"},

	// The rooms of the command line.
	"relay/command/demo":       {"config", "relay", "relay/api", "relay/command/terminal", "relay/receiver", "relay/shell", "relay/sign"},
	"relay/command/manual":     {"relay/command/terminal"},
	"relay/command/source":     {"history", "history/query", "relay/api", "relay/api/client"},
	"relay/command/names":      {"config", "config/yamlnode"},
	"relay/command/runlog":     {"relay/command/terminal"},
	"relay/command/usage":      {"config/unit", "history", "history/event", "history/query", "relay/command/terminal"},
	"relay/command/reload":     {"config", "config/watch", "relay/command/terminal", "relay/measure", "relay/systemd"},
	"relay/command/report":     {"config", "history", "history/event", "history/query", "relay/api", "relay/command/terminal", "relay/measure", "relay/shell"},
	"relay/command/fileedit":   {"config", "config/edit", "relay/command/names", "relay/command/report", "relay/command/terminal", "relay/command/usage", "relay/fileedit", "relay/sign"},
	"relay/command/develop":    {"config", "relay/command/names", "relay/command/terminal", "relay/command/usage", "relay/receiver", "relay/sign"},
	"relay/command/bulk":       {"history", "history/query", "relay/api", "relay/api/client", "relay/command/terminal", "relay/command/usage", "relay/measure"},
	"relay/command/ndjson":     {"history", "relay/api", "relay/api/client", "relay/command/names", "relay/command/terminal", "relay/measure"},
	"relay/command/pages":      {"config", "history", "relay", "relay/command/manual", "systemd"},
	"relay/command/terminal":   {},
	"relay/command/cli":        {"config", "history/query", "relay/api", "relay/api/client", "relay/command/names", "relay/command/report", "relay/command/source", "relay/command/terminal", "relay/command/usage", "relay/shell"},
	"relay/command/cluster":    {"config", "history/postgres/database", "history/postgres/transfer", "relay/command/cli", "relay/command/terminal", "relay/command/usage", "relay/measure"},
	"relay/command/deliveries": {"config", "history", "relay/api", "relay/api/client", "relay/command/bulk", "relay/command/cli", "relay/command/names", "relay/command/usage", "relay/measure"},
	"relay/command/reading":    {"config", "history", "history/journal", "history/query", "history/verify", "relay/api", "relay/api/client", "relay/command/cli", "relay/command/names", "relay/command/report", "relay/command/source", "relay/command/terminal", "relay/command/usage", "relay/measure"},
	"relay/command/webhook":    {"config", "relay/api", "relay/command/cli", "relay/command/fileedit", "relay/command/names", "relay/command/report", "relay/command/terminal", "relay/command/usage", "relay/measure"},

	// The queue reaches no file, and neither query nor verify reaches the journal.
	"history":                       {"history/event", "history/internal/jsonl"},
	"history/queue":                 {"history", "history/event", "history/internal/budget", "history/internal/clock", "history/internal/pending", "history/internal/seqset", "history/internal/streak", "history/internal/sweeper", "history/trouble"},
	"history/queue/queuetest":       {"history", "history/event", "history/internal/clock", "history/internal/pending", "history/queue"},
	"history/postgres/book":         {"history", "history/internal/pending", "history/postgres/database", "history/queue"},
	"history/postgres/ledger":       {"history", "history/postgres/columns", "history/postgres/database", "history/trouble"},
	"history/postgres/member":       {"history", "history/internal/clock", "history/internal/pending", "history/postgres/book", "history/postgres/database", "history/postgres/ledger", "history/queue", "history/trouble"},
	"history/journal":               {"history", "history/event", "history/internal/clock", "history/internal/dedupe", "history/internal/files", "history/internal/jsonl", "history/internal/lookup", "history/internal/pending", "history/internal/retention", "history/internal/segment", "history/internal/seqset", "history/trouble", "history/internal/streak", "history/internal/upkeep", "history/internal/vfs", "history/query", "history/queue"},
	"history/postgres":              {"history", "history/journal", "history/postgres/accept", "history/postgres/archive", "history/postgres/database", "history/postgres/member", "history/postgres/retention", "history/postgres/spool", "history/query", "history/queue"},
	"history/postgres/accept":       {"history", "history/event", "history/internal/pending", "history/journal", "history/postgres/database", "history/query", "history/queue", "history/trouble"},
	"history/postgres/archive":      {"history", "history/event", "history/internal/index", "history/internal/jsonl", "history/internal/pending", "history/postgres/columns", "history/postgres/database", "history/query", "history/stats"},
	"history/postgres/columns":      {"history", "history/internal/index", "history/internal/lookup", "history/postgres/database"},
	"history/postgres/database":     {},
	"history/postgres/spool":        {"history", "history/journal", "history/queue", "history/trouble"},
	"history/postgres/retention":    {"history/journal", "history/postgres/database", "history/queue", "history/trouble"},
	"history/postgres/transfer":     {"history", "history/event", "history/internal/files", "history/internal/jsonl", "history/internal/pending", "history/internal/segment", "history/internal/seqset", "history/internal/vfs", "history/postgres/accept", "history/postgres/columns", "history/postgres/database"},
	"history/postgres/postgrestest": {}, // of tests alone
	"history/historytest":           {"history", "history/event", "history/internal/files", "history/internal/segment", "history/internal/vfs", "history/internal/vfs/memfs", "history/internal/upkeep"},
	"history/historytest/played":    {"history", "history/event", "history/historytest", "history/journal", "history/query", "history/queue"}, // of tests alone
	"history/historytest/generate":  {"history/historytest"},
	"history/query":                 {"history", "history/event", "history/internal/files", "history/internal/index", "history/internal/jsonl", "history/internal/lookup", "history/internal/pending", "history/internal/segment", "history/internal/vfs", "history/stats"},
	"history/stats":                 {"history", "history/internal/index", "history/internal/lookup"},
	"history/verify":                {"history", "history/internal/files", "history/internal/jsonl", "history/internal/segment", "history/internal/seqset", "history/internal/vfs"},
	"history/internal/files":        {"history", "history/internal/jsonl", "history/internal/pending", "history/internal/segment", "history/internal/seqset", "history/internal/streak", "history/internal/vfs"},
	"history/internal/retention":    {"history", "history/internal/files", "history/internal/segment", "history/internal/jsonl", "history/internal/seqset", "history/trouble", "history/internal/upkeep", "history/internal/vfs"},
	"history/internal/upkeep":       {"history", "history/internal/files", "history/internal/jsonl", "history/internal/lookup", "history/internal/segment", "history/trouble", "history/internal/vfs"},
	"history/internal/lookup":       {"history", "history/event", "history/internal/index", "history/internal/jsonl", "history/internal/segment", "history/internal/vfs"},
	"history/internal/segment":      {"history/internal/jsonl", "history/internal/seekable", "history/internal/vfs"},
	"history/internal/vfs/memfs":    {"history/internal/vfs"},
	"history/internal/budget":       {},
	"history/internal/dedupe":       {"history", "history/event"},
	"history/internal/pending":      {"history", "history/event", "history/internal/clock", "history/internal/seqset", "history/internal/streak"},
	"history/internal/streak":       {"history"},
	"history/internal/sweeper":      {},
	"history/internal/clock":        {"history"},
	"history/internal/index":        {},
	"history/internal/jsonl":        {},
	"history/internal/seekable":     {},
	"history/internal/seqset":       {"history"},
	"history/internal/vfs":          {},

	"config":            {"config/canonical", "config/credential", "config/dataschema", "config/endpoint", "config/expression", "config/files", "config/header", "config/include", "config/jsonschema", "config/material", "config/naming", "config/oauth", "config/pacing", "config/profile", "config/redact", "config/selection", "config/unit", "config/yamlnode"},
	"config/endpoint":   {"config/credential", "config/redact", "config/unit", "config/yamlnode"},
	"config/header":     {"config/credential", "config/redact", "config/unit", "config/yamlnode"},
	"config/oauth":      {"config/credential", "config/endpoint", "config/redact", "config/yamlnode"},
	"config/unit":       {},
	"config/yamlnode":   {"config/unit"},
	"config/canonical":  {"config/redact"},
	"config/credential": {"config/redact", "config/yamlnode"},
	"config/dataschema": {},
	"config/files":      {"config/unit"},
	"config/include":    {"config/files", "config/yamlnode"},
	"config/redact":     {},
	"config/jsonschema": {},
	"config/material":   {"config/files", "config/yamlnode"},
	"config/edit":       {},
	"config/mask":       {"config/edit", "config/redact"},
	"config/pacing":     {"config/unit", "config/yamlnode"},
	"config/profile":    {"config/yamlnode"},
	"config/selection":  {"config/endpoint", "config/yamlnode"},
	"config/watch":      {"config", "config/files"},
	"config/expression": {},
	"config/naming":     {"config/yamlnode"},
	"history/event":     {},
	"relay/dial":        {},
	"relay/memory":      {},
	"relay/measure":     {},
	"relay/receiver":    {"relay/sign"},
	"relay/route":       {},
	"relay/shell":       {},
	"relay/sign":        {},
	"relay/systemd":     {"history/trouble"},
	"systemd":           {}, // the page of the manual
	"history/trouble":   {},
}

// TestImportsPointOneWay looks at what is built, not at tests: a test may stand
// where it likes, as long as it is no import cycle.
func TestImportsPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		allowed, ok := flow[p.name]
		if !ok {
			t.Errorf("package %s is new: say in flow what it may import", p.name)
			continue
		}
		for _, imported := range p.imports {
			if !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s, which flow does not allow", p.name, imported)
			}
		}
		for _, name := range allowed {
			if !slices.Contains(p.imports, name) {
				t.Errorf("flow lets %s import %s, which it does not: take it out", p.name, name)
			}
		}
	}
}

// TestFlowHasNoCycle keeps the table itself honest: what it allows is a flow.
func TestFlowHasNoCycle(t *testing.T) {
	below := map[string]bool{} // what was walked to its end
	var walk func(path []string)
	walk = func(path []string) {
		last := path[len(path)-1]
		if slices.Contains(path[:len(path)-1], last) {
			t.Fatalf("flow goes round: %s", strings.Join(path, " -> "))
		}
		if below[last] {
			return
		}
		for _, next := range flow[last] {
			if _, ok := flow[next]; !ok {
				t.Errorf("flow lets %s import %s, which it does not have", last, next)
			}
			walk(append(slices.Clone(path), next))
		}
		below[last] = true
	}
	for name := range flow {
		walk([]string{name})
	}
}

type pkg struct {
	name    string // within the module
	imports []string
}

// packages lists this module's packages that have more than tests in them.
func packages(t *testing.T) []pkg {
	t.Helper()
	// go test takes a passing result from its cache until a file changes that
	// the test itself has looked at, and what go list looks at does not count.
	err := filepath.WalkDir("..", func(_ string, _ fs.DirEntry, err error) error { return err })
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,GoFiles,Imports", "sidehook/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var list []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var one struct {
			ImportPath       string
			GoFiles, Imports []string
		}
		if err := dec.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		if len(one.GoFiles) == 0 {
			continue
		}
		p := pkg{name: strings.TrimPrefix(one.ImportPath, "sidehook/")}
		for _, path := range one.Imports {
			if own, ok := strings.CutPrefix(path, "sidehook/"); ok {
				p.imports = append(p.imports, own)
			}
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		t.Fatal("go list found no package")
	}
	return list
}
