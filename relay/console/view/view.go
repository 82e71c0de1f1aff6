// Package view is how pages are written: templates with the functions that they write
// values with, and the files that pages load, under names that change with their content.
// The console has the templates and the files, and calls it.
package view

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"
)

// Views are the templates of all pages by their names, each with the layout and what
// pages share.
type Views map[string]*template.Template

// Parse reads the folder templates.
func Parse(files fs.FS, assets *Assets) (Views, error) {
	shared, err := template.New("layout.html").Funcs(functions(assets)).ParseFS(files, "templates/layout.html", "templates/shared.html", "templates/attempts.html")
	if err != nil {
		return nil, err
	}
	list, err := fs.ReadDir(files, "templates")
	if err != nil {
		return nil, err
	}
	v := Views{}
	for _, file := range list {
		name := strings.TrimSuffix(file.Name(), ".html")
		if shared.Lookup(file.Name()) != nil {
			continue
		}
		own, err := shared.Clone()
		if err != nil {
			return nil, err
		}
		if v[name], err = own.ParseFS(files, "templates/"+file.Name()); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Render executes a template of a view: layout.html for the whole page, or a part.
func (v Views) Render(view, name string, data any) ([]byte, error) {
	t := v[view]
	if t == nil {
		return nil, fmt.Errorf("there is no template %q", view)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("page %s: %w", view, err)
	}
	return b.Bytes(), nil
}
