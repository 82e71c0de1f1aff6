package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"sidehook/history"
	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// maxRequest limits the size of a request.
const maxRequest = 1 << 20

// readRequest reads the body of a call, a JSON object, into a struct of api. It may
// be nil: then the object must be empty. There may be no body.
func readRequest(r *http.Request, into any) *httpd.Problem {
	if p := httpd.CheckEncoding(r.Header); p != nil {
		return p
	}
	body, p := httpd.ReadBody(r, nil, maxRequest, nil)
	if p != nil || len(body) == 0 {
		return p
	}
	if values := r.Header["Content-Type"]; len(values) > 0 {
		if name, _, err := mime.ParseMediaType(values[0]); err != nil || name != "application/json" {
			return httpd.Refuse(http.StatusUnsupportedMediaType, "unsupported Content-Type; use application/json")
		}
	}
	if err := readObject(body, membersOf(into)); err != nil {
		return httpd.Refuse(http.StatusBadRequest, err.Error())
	}
	return nil
}

// readObject is stricter than json.Unmarshal: keys must be known, exact, and given
// once.
func readObject(body []byte, fields map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return errors.New("the body is not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("the body is not valid JSON: %w", err)
		}
		name, _ := token.(string)
		field, known := fields[name]
		switch {
		case !known:
			return fmt.Errorf("unknown key %q", name)
		case seen[name]:
			return fmt.Errorf("key %q is given twice", name)
		}
		seen[name] = true
		if err := d.Decode(field); err != nil {
			var wrong *json.UnmarshalTypeError
			if errors.As(err, &wrong) {
				return fmt.Errorf("key %q must be %s", name, kindOf(field))
			}
			return fmt.Errorf("key %q: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("the body is not valid JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("text follows the JSON object")
	}
	return nil
}

// membersOf maps the JSON names of a struct's fields to pointers to them.
func membersOf(into any) map[string]any {
	if into == nil {
		return nil
	}
	members := map[string]any{}
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name != "-" {
			members[name] = v.Field(i).Addr().Interface()
		}
	}
	return members
}

// kindOf describes what is read into a field.
func kindOf(field any) string {
	switch field.(type) {
	case *[]string:
		return "a list of strings"
	case *api.Statuses, *api.Names:
		return "a string, or a list of strings"
	case *bool:
		return "true or false"
	case *[]history.Problem:
		return `a list of {"file", "line", "offset", "message"}`
	}
	return "a string"
}
