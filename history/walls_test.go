package history_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWalls has the compiler refuse what must not be possible. Each case is the body
// of a function, and good is the same with one thing right, so that bad fails for no
// other reason.
func TestWalls(t *testing.T) {
	cases := []struct{ name, imports, good, bad, complaint string }{{
		"a line number is no seq", "history",
		"var n history.Seq; _ = n == history.Seq(1)",
		"var n history.Seq; _ = n == history.LineNo(1)", "mismatched types",
	}, {
		"a generation is no seq", "history",
		"_ = history.Receipt{Seq: history.Seq(1)}",
		"_ = history.Receipt{Seq: history.Generation(1)}", "cannot use",
	}, {
		"a count is no generation", "history",
		"_ = history.Entry{Generation: history.Generation(1)}",
		"_ = history.Entry{Generation: uint64(1)}", "cannot use",
	}, {
		"what follows the deliveries takes no seq", "history history/query",
		"var r *query.Reader; r.Follow(history.LineNo(1))",
		"var r *query.Reader; r.Follow(history.Seq(1))", "cannot use",
	}, {
		"a duration is no moment of the clock", "time history/internal/clock",
		"var c *clock.Clock; _ = c.Now().Add(time.Second)",
		"var c *clock.Clock; _ = c.Now() + time.Second", "mismatched types",
	}, {
		"the folder of a reader cannot be written to", "history/internal/vfs",
		"var d *vfs.ReadDir; d.List()",
		"var d *vfs.ReadDir; d.Create(``)", "has no field or method Create",
	}, {
		"a file that a reader opens cannot be written to", "history/internal/vfs",
		"var fs vfs.ReadFS; f, _ := fs.Open(``); f.Close()",
		"var fs vfs.ReadFS; f, _ := fs.Open(``); f.Write(nil)", "has no field or method Write",
	}, {
		"what queries is no disk to write to", "history/internal/lookup history/internal/vfs",
		"var s lookup.Stream; var _ vfs.ReadFS = s.FS",
		"var s lookup.Stream; var _ vfs.FS = s.FS", "cannot use",
	}, {
		"the queue reaches no file by what it records to", "history history/queue",
		"var l queue.Ledger; l.Record(history.Line{}); l.Flush()",
		"var l queue.Ledger; l.Sync()", "has no field or method Sync",
	}, {
		"the queue reaches no file by what it reads", "history/queue",
		"var b queue.Book; b.Bounds(1)",
		"var b queue.Book; b.Drop(1)", "has no field or method Drop",
	}, {
		"an attempt reaches no queue", "context history/queue relay/send",
		"var l *queue.Lease; var c *send.Client; var d *send.Delivery; c.Send(context.Background(), d, send.Record{}); _ = l",
		"var l *queue.Lease; var c *send.Client; c.Send(context.Background(), l, send.Record{})", "cannot use",
	}, {
		"no writer of segments without the lock", "history/internal/segment history/internal/vfs",
		"var fs *vfs.Locked; segment.Recover(fs, segment.Events, segment.Options{})",
		"var fs *vfs.DirFS; segment.Recover(fs, segment.Events, segment.Options{})", "cannot use",
	}, {
		"only Lock makes a locked folder", "history/internal/vfs",
		"var fs vfs.Lockable; vfs.Lock(fs)",
		"var fs vfs.Lockable; _ = &vfs.Locked{fs, nil}", "unexported field release",
	}}
	var all []string
	for _, c := range cases {
		all = append(all, strings.Fields(c.imports)...)
	}
	fset := token.NewFileSet()
	conf := types.Config{Importer: exported(t, fset, all)}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			compiles := func(body string) error {
				file, err := parser.ParseFile(fset, c.name, function(strings.Fields(c.imports), body), 0)
				if err != nil {
					t.Fatal(err)
				}
				_, err = conf.Check("sidehook/history/walls", fset, []*ast.File{file}, nil)
				return err
			}
			if err := compiles(c.good); err != nil {
				t.Fatalf("%s: does not compile: %v", c.good, err)
			}
			if err := compiles(c.bad); err == nil || !strings.Contains(err.Error(), c.complaint) {
				t.Errorf("%s: compiles with %v, want %q", c.bad, err, c.complaint)
			}
		})
	}
}

// function is a file with one function.
func function(imports []string, body string) string {
	text := "package walls\n"
	for _, path := range imports {
		text += "import \"" + within(path) + "\"\n"
	}
	return text + "func _() { " + body + " }\n"
}

// within is the import path of a package of this module, or of the standard library.
func within(path string) string {
	if path == "time" || path == "context" {
		return path
	}
	return "sidehook/" + path
}

// exported imports packages from what the compiler has made of them.
func exported(t *testing.T, fset *token.FileSet, paths []string) types.Importer {
	t.Helper()
	// go test takes a passing result from its cache until a file changes that the
	// test itself has looked at, and what go list looks at does not count.
	if err := filepath.WalkDir("..", func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
		t.Fatal(err)
	}
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}"}
	for _, path := range paths {
		args = append(args, within(path))
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "=")
		files[path] = file
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}
