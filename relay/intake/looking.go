package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"sidehook/history"
	"sidehook/relay/api"
)

func (s *Server) healthz(_ context.Context, w http.ResponseWriter, _ *http.Request, _ string) *problem {
	return answerHealth(w, s.opts.Healthy)
}

func (s *Server) readyz(_ context.Context, w http.ResponseWriter, _ *http.Request, _ string) *problem {
	if s.stopping.Load() {
		return unavailable("sidehook is stopping")
	}
	return answerHealth(w, s.opts.Ready)
}

func answerHealth(w http.ResponseWriter, check func() error) *problem {
	if check != nil {
		if err := check(); err != nil {
			return unavailable(err.Error())
		}
	}
	answer(w, http.StatusOK, typeJSON, []byte("{\"status\":\"ok\"}\n"))
	return nil
}

// metrics holds the answer back until it is whole, so that a slow client holds
// nothing but that.
func (s *Server) metrics(_ context.Context, w http.ResponseWriter, _ *http.Request, _ string) *problem {
	var body bytes.Buffer
	if err := s.opts.Metrics(&body); err != nil {
		return refuse(http.StatusInternalServerError, err.Error())
	}
	answer(w, http.StatusOK, typeMetrics, body.Bytes())
	return nil
}

func (s *Server) listWebhooks(ctx context.Context, w http.ResponseWriter, _ *http.Request, _ string) *problem {
	list, err := s.operator.Webhooks(ctx, "")
	if err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusOK, api.Webhooks{Webhooks: orEmpty(list)})
}

func (s *Server) showWebhook(ctx context.Context, w http.ResponseWriter, _ *http.Request, name string) *problem {
	list, err := s.operator.Webhooks(ctx, name)
	if err != nil {
		return refusal(err)
	}
	if len(list) == 0 {
		return refusal(&NotFoundError{What: fmt.Sprintf("webhook %q", name)})
	}
	return answerJSON(w, http.StatusOK, list[0])
}

// acting answers a call that does something with a webhook with how it stands
// afterwards.
func (s *Server) acting(do func(ctx context.Context, name string) error) handler {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, name string) *problem {
		if p := readOrder(r, nil); p != nil {
			return p
		}
		if err := do(ctx, name); err != nil {
			return refusal(err)
		}
		return s.showWebhook(ctx, w, r, name)
	}
}

// testTime is more than an attempt and its record take, as a webhook's time-out
// is 2m at most.
const testTime = 150 * time.Second

func (s *Server) testWebhook(ctx context.Context, w http.ResponseWriter, r *http.Request, name string) *problem {
	if p := readOrder(r, nil); p != nil {
		return p
	}
	// What bounds other calls may be less than the receiver is given. Where
	// there is no such thing, that bound holds.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(testTime))
	attempt, err := s.operator.Test(ctx, name)
	if err != nil {
		return refusal(err)
	}
	return answerJSON(w, http.StatusOK, attempt)
}

func (s *Server) showEvent(ctx context.Context, w http.ResponseWriter, r *http.Request, id string) *problem {
	which, p := whichEvent(r, id)
	if p != nil {
		return p
	}
	story, err := s.operator.Event(ctx, which)
	if err != nil {
		return refusal(err)
	}
	story.To = orEmpty(story.To)
	story.Webhooks = orEmpty(story.Webhooks)
	story.Attempts = orEmpty(story.Attempts)
	return answerJSON(w, http.StatusOK, story)
}

func (s *Server) showConfig(ctx context.Context, w http.ResponseWriter, _ *http.Request, _ string) *problem {
	config, err := s.operator.Config(ctx)
	if err != nil {
		return refusal(err)
	}
	config.Errors = orEmpty(config.Errors)
	return answerJSON(w, http.StatusOK, config)
}

// whichEvent reads the {id} of a path, and the source that may go with it.
func whichEvent(r *http.Request, id string) (history.Which, *problem) {
	which := history.ParseWhich(id)
	query := r.URL.Query()
	if !query.Has("source") {
		return which, nil
	}
	which.Source = query.Get("source")
	switch {
	case which.Source == "":
		return which, refuse(http.StatusBadRequest, "query parameter \"source\" is empty")
	case which.Seq > 0:
		return which, refuse(http.StatusBadRequest, "query parameter \"source\" does not go with seq:N, which names one event exactly")
	}
	return which, nil
}

// orEmpty makes a list an array in JSON, not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func answerJSON(w http.ResponseWriter, status int, v any) *problem {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return refuse(http.StatusInternalServerError, err.Error())
	}
	answer(w, status, typeJSON, body.Bytes())
	return nil
}
