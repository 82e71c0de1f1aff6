package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

//go:embed assets
var assetFiles embed.FS

// assets are the style sheet, the script and the icon. The name of each has a hash of its
// content, so that a browser may keep it for ever.
type assets struct {
	paths  map[string]string // by the names of the files
	byPath map[string]asset
}

type asset struct {
	contentType string
	plain, gzip []byte
}

func loadAssets() (*assets, error) {
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		return nil, err
	}
	a := &assets{paths: map[string]string{}, byPath: map[string]asset{}}
	for _, file := range files {
		content, err := assetFiles.ReadFile("assets/" + file.Name())
		if err != nil {
			return nil, err
		}
		packed, err := compress(content, gzip.BestCompression)
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

// serve answers with an asset. It reports false if there is none at that path.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) bool {
	file, ok := a.byPath[r.URL.Path]
	if !ok {
		return false
	}
	header := w.Header()
	header.Set("Content-Type", file.contentType)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := file.plain
	if acceptsGzip(r) {
		header.Set("Content-Encoding", "gzip")
		body = file.gzip
	}
	header.Set("Vary", "Accept-Encoding")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
	return true
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header["Accept-Encoding"], ","), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";q=")
		if strings.EqualFold(name, "gzip") && strings.Trim(weight, "0.") != "" || strings.EqualFold(name, "gzip") && weight == "" {
			return true
		}
	}
	return false
}

func compress(content []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
