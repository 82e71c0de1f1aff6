package intake

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"sidehook/relay/api"
)

// acceptDamage records places of damage as known, which a check of the history has
// found: the relay is the one that writes there while it runs.
func (s *Server) acceptDamage(ctx context.Context, w http.ResponseWriter, r *http.Request, _ string) *problem {
	var request api.AcceptRequest
	if p := readOrder(r, &request); p != nil {
		return p
	}
	problems := request.Problems
	if len(problems) == 0 {
		return refuse(http.StatusBadRequest, `"problems" is missing; write those that sidehook history check reports: {"problems": [{"file", "line", "offset", "message"}]}`)
	}
	for i := range problems {
		switch x := &problems[i]; {
		case x.File == "" || strings.Contains(x.File, "/"):
			return refuse(http.StatusBadRequest, fmt.Sprintf(`problems[%d]: "file" must be a name in history.dir without a path, such as events-00000000000000000001.jsonl, not %q`, i, x.File))
		case x.What == "":
			return refuse(http.StatusBadRequest, fmt.Sprintf(`problems[%d]: "message" is missing`, i))
		}
	}
	if err := s.operator.Accept(ctx, problems); err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusOK, api.DamageAccepted{Count: len(problems)})
}
