package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

// acceptDamage records damage as known that a check of the history has found: while
// the relay runs, only it may write there.
func (h *Handler) acceptDamage(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *httpd.Problem {
	var request api.AcceptRequest
	if p := readRequest(r, &request); p != nil {
		return p
	}
	problems := request.Problems
	if len(problems) == 0 {
		return httpd.Refuse(http.StatusBadRequest, `"problems" is missing; write those that sidehook history check reports: {"problems": [{"file", "line", "offset", "message"}]}`)
	}
	for i := range problems {
		switch x := &problems[i]; {
		case x.File == "" || strings.Contains(x.File, "/"):
			return httpd.Refuse(http.StatusBadRequest, fmt.Sprintf(`problems[%d]: "file" must be a name in history.dir without a path, such as events-00000000000000000001.jsonl, not %q`, i, x.File))
		case x.What == "":
			return httpd.Refuse(http.StatusBadRequest, fmt.Sprintf(`problems[%d]: "message" is missing`, i))
		}
	}
	if err := h.operator.Accept(ctx, problems); err != nil {
		return problemOf(err)
	}
	return httpd.AnswerJSON(w, http.StatusOK, api.DamageAccepted{Count: len(problems)})
}
