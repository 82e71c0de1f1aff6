// Package dataschema compares the data of events with JSON Schemas. It promises:
//
//   - A schema is compiled when the file is loaded. What it refers to is in its own
//     file or in files beside it; nothing is fetched from a network.
//   - The work of a check is bounded, whatever the data (check.go). Checks of one
//     schema take turns, so that only one of them holds its data decoded.
//
// Package config compiles the schemas of event_types, and the relay checks with them.
package dataschema

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is a compiled JSON Schema. It is safe for concurrent use.
type Schema struct {
	Path string // of its file
	Sum  string // of the contents of all its files

	mu       sync.Mutex
	compiled *jsonschema.Schema
	visits   visits // of the check under way
}

// Equal reports whether two schemas have the same content. nil stands for no schema.
func (s *Schema) Equal(o *Schema) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Sum == o.Sum
}

// Flaw is the problem of a schema, and a hint. It has no message if there is none.
type Flaw struct{ Message, Hint string }

// Compiler compiles each schema once, for all types that have it. The zero Compiler
// is for one load.
type Compiler struct {
	done map[string]result // by path
}

type result struct {
	schema *Schema
	flaw   Flaw
}

// Compile returns the schema whose file is at path, or its flaw. read
// returns the contents of a file; its errors name the file.
func (c *Compiler) Compile(path string, read func(path string) (string, error)) (*Schema, Flaw) {
	r, ok := c.done[path]
	if !ok {
		r = compile(path, read)
		if c.done == nil {
			c.done = make(map[string]result)
		}
		c.done[path] = r
	}
	return r.schema, r.flaw
}

func compile(path string, read func(path string) (string, error)) result {
	s := &Schema{Path: path, visits: math.MaxInt}
	files := &loader{dir: filepath.Dir(path), read: read, sums: map[string]string{}}
	document, err := files.load(filepath.Base(path))
	if err != nil {
		return result{flaw: Flaw{Message: err.Error()}}
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(files)
	c.RegisterVocabulary(s.visits.vocabulary())
	c.AssertVocabs()
	at := root + url.PathEscape(filepath.Base(path))
	if err := c.AddResource(at, document); err != nil {
		return result{flaw: Flaw{Message: fmt.Sprintf("file %s: %v", path, err)}}
	}
	if s.compiled, err = c.Compile(at); err != nil {
		return result{flaw: flawOf(path, err)}
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files.sums)) {
		fmt.Fprintf(sum, "%q %s\n", name, files.sums[name])
	}
	s.Sum = hex.EncodeToString(sum.Sum(nil)[:16])
	return result{schema: s}
}

// flawOf says in the file's own terms why it does not compile.
func flawOf(path string, err error) Flaw {
	if load, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		if _, refused := errors.AsType[outsideError](load.Err); refused {
			return Flaw{fmt.Sprintf("file %s refers to %s", path, strings.TrimPrefix(load.URL, root)), "a $ref may name a place in its own file, or a file beside it"}
		}
		return Flaw{Message: fmt.Sprintf("file %s refers to another: %v", path, load.Err)}
	}
	if invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if v, ok := errors.AsType[*jsonschema.ValidationError](invalid.Err); ok {
			return Flaw{fmt.Sprintf("file %s is not a valid JSON Schema: %s", path, describe(v)), "correct it"}
		}
	}
	return Flaw{Message: fmt.Sprintf("file %s is not a valid JSON Schema: %s", path, strings.ReplaceAll(err.Error(), root, ""))}
}

// root is the folder of a schema in the URLs of its files, wherever it is on disk.
const root = "file:///schema/"

// loader reads the files of one schema: those in its folder and below.
type loader struct {
	dir  string
	read func(path string) (string, error)
	sums map[string]string // of the files read, by name
}

// outsideError is a reference to something that is not read.
type outsideError struct{}

func (outsideError) Error() string { return "it is not beside the schema" }

// Load reads a file by its URL.
func (l *loader) Load(at string) (any, error) {
	rest, ok := strings.CutPrefix(at, root)
	name, err := url.PathUnescape(rest)
	if !ok || err != nil || !filepath.IsLocal(name) {
		return nil, outsideError{}
	}
	return l.load(name)
}

func (l *loader) load(name string) (any, error) {
	path := filepath.Join(l.dir, filepath.FromSlash(name))
	text, err := l.read(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(text))
	l.sums[name] = hex.EncodeToString(sum[:])
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		return document, nil
	}
	at := len(text)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = max(0, min(int(syntax.Offset)-1, at))
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends too early")
	}
	line, column := strings.Count(text[:at], "\n")+1, at-strings.LastIndexByte(text[:at], '\n')
	return nil, fmt.Errorf("file %s:%d:%d is not JSON: %w", path, line, column, err)
}
