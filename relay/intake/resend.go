package intake

import (
	"bytes"
	"context"
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
)

// maxOrder is how large the body of an operator's call may be.
const maxOrder = 1 << 20

func (s *Server) resend(ctx context.Context, w http.ResponseWriter, r *http.Request, id string) *problem {
	which, p := whichEvent(r, id)
	if p != nil {
		return p
	}
	to, p := readTarget(r)
	if p != nil {
		return p
	}
	resent, err := s.operator.Resend(ctx, which, to)
	if err != nil {
		return refusal(err)
	}
	resent.Webhooks = orEmpty(resent.Webhooks)
	return answerJSON(w, http.StatusAccepted, resent)
}

// readTarget reads {"webhooks": […]} or {"all": true}, or no body at all.
func readTarget(r *http.Request) (to api.ResendRequest, p *problem) {
	to.By = caller(r)
	if p := readOrder(r, &to); p != nil {
		return to, p
	}
	switch {
	case to.All && to.Webhooks != nil:
		return to, refuse(http.StatusBadRequest, `"webhooks" and "all" exclude each other`)
	case to.Webhooks != nil && len(to.Webhooks) == 0:
		return to, refuse(http.StatusBadRequest, `"webhooks" names none`)
	}
	return to, nil
}

// caller is who asks, as the history has it.
func caller(r *http.Request) string {
	if strings.HasPrefix(r.UserAgent(), api.CommandAgent) {
		return "cli"
	}
	return "api"
}

// readOrder reads the body of an operator's call, a JSON object, into a struct of
// api, nil for one without members. A body may be missing.
func readOrder(r *http.Request, into any) *problem {
	if p := checkEncoding(r.Header); p != nil {
		return p
	}
	body, p := readBody(r, nil, maxOrder, func(int) *problem { return nil })
	if p != nil || len(body) == 0 {
		return p
	}
	if values := r.Header["Content-Type"]; len(values) > 0 {
		if name, _, err := mime.ParseMediaType(values[0]); err != nil || name != "application/json" {
			return refuse(http.StatusUnsupportedMediaType, "the Content-Type is not application/json")
		}
	}
	if err := readObject(body, membersOf(into)); err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	return nil
}

// readObject is stricter than json.Unmarshal: keys are spelled as they are,
// known, and given once.
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
		return errors.New("something follows the JSON object")
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

// kindOf says what is read into a field.
func kindOf(field any) string {
	switch field.(type) {
	case *[]string:
		return "a list of strings"
	case *api.Statuses:
		return "a string, or a list of strings"
	case *bool:
		return "true or false"
	case *[]history.Problem:
		return `a list of {"file", "line", "offset", "message"}`
	}
	return "a string"
}
