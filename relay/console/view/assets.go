package view

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// Assets are the style sheet, the script and the icon. The name of each has a hash of its
// content, so that a browser may keep it for ever.
type Assets struct {
	paths  map[string]string // by the names of the files
	byPath map[string]asset
}

type asset struct {
	contentType string
	plain, gzip []byte
}

// Load reads the folder assets.
func Load(files fs.FS) (*Assets, error) {
	list, err := fs.ReadDir(files, "assets")
	if err != nil {
		return nil, err
	}
	a := &Assets{paths: map[string]string{}, byPath: map[string]asset{}}
	for _, file := range list {
		content, err := fs.ReadFile(files, "assets/"+file.Name())
		if err != nil {
			return nil, err
		}
		packed, err := Compress(content, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		ext := path.Ext(file.Name())
		at := fmt.Sprintf("/assets/%s.%s%s", strings.TrimSuffix(file.Name(), ext), base64.RawURLEncoding.EncodeToString(sum[:9]), ext)
		a.paths[file.Name()] = at
		a.byPath[at] = asset{mime.TypeByExtension(ext), content, packed}
	}
	return a, nil
}

// Path returns the path of a file, "" if there is none of that name.
func (a *Assets) Path(name string) string { return a.paths[name] }

// Serve answers with an asset. It reports false if there is none at that path.
func (a *Assets) Serve(w http.ResponseWriter, r *http.Request) bool {
	file, ok := a.byPath[r.URL.Path]
	if !ok {
		return false
	}
	header := w.Header()
	header.Set("Content-Type", file.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := file.plain
	if AcceptsGzip(r) {
		header.Set("Content-Encoding", "gzip")
		body = file.gzip
	}
	header.Set("Vary", "Accept-Encoding")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
	return true
}
