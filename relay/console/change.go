package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"sidehook/relay/admin"
	"sidehook/relay/console/editor"
	"sidehook/relay/httpd"
)

// changePath is the beginning of the paths of changes.
const changePath = "/do/"

// maxChange is the most bytes that the request of a change may have.
const maxChange = 1 << 20

// changeTime is more than a change takes: a resend of a million deliveries is the longest.
const changeTime = 10 * time.Minute

// outcome is the answer to a change: what to say, where to go, or what to show.
type outcome struct {
	Message  string           `json:"message,omitempty"`
	Location string           `json:"location,omitempty"`
	HTML     string           `json:"html,omitempty"`
	Problems []editor.Problem `json:"problems,omitempty"` // of the controls that caused them; nothing was changed
}

// changeFunc makes a change, given its JSON.
type changeFunc func(ctx context.Context, body []byte) (outcome, error)

// reading returns the changeFunc that reads the JSON of a change for the function that
// makes it.
func reading[B any](do func(context.Context, B) (outcome, error)) changeFunc {
	return func(ctx context.Context, body []byte) (outcome, error) {
		var b B
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&b); err != nil {
			return outcome{}, &admin.BadRequestError{Problem: fmt.Sprintf("the request cannot be read: %v", err)}
		}
		return do(ctx, b)
	}
}

// changeOf returns the JSON of a change.
func changeOf(change any) string {
	text, _ := json.Marshal(change) // it has texts alone
	return string(text)
}

// change answers POST /do/NAME. All changes come this way.
func (h *Handler) change(ctx context.Context, w http.ResponseWriter, r *request) {
	name := strings.TrimPrefix(r.URL.Path, changePath)
	make := h.changes[name]
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		httpd.Refuse(http.StatusMethodNotAllowed, "method not allowed; use POST").Write(w)
		return
	}
	if p := h.mayChange(r); p != nil {
		p.Write(w)
		return
	}
	if make == nil {
		httpd.Refuse(http.StatusNotFound, "there is no such change").Write(w)
		return
	}
	body, p := httpd.ReadBody(r.Request, nil, maxChange, nil)
	if p != nil {
		p.Write(w)
		return
	}
	httpd.ExtendWrite(w, changeTime)
	o, err := make(ctx, body)
	status := http.StatusOK
	if problems, ok := errors.AsType[*editor.ProblemsError](err); ok {
		o, status = outcome{Problems: problems.Problems}, http.StatusUnprocessableEntity
	} else if err != nil {
		httpd.Refuse(h.problemOf(err).status, err.Error()).Write(w)
		return
	} else if o.HTML == "" { // otherwise it only shows what would be done
		h.opts.Log.Info("a change by the console", "change", name)
	}
	if p := httpd.AnswerJSON(w, status, o); p != nil {
		p.Write(w)
	}
}
