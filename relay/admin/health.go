package admin

import (
	"bytes"
	"context"
	"net/http"

	"sidehook/relay/api"
	"sidehook/relay/httpd"
)

func (h *Handler) healthz(_ context.Context, w http.ResponseWriter, _ *http.Request, _ string) *httpd.Problem {
	return answerHealth(w, h.opts.Healthy)
}

func (h *Handler) readyz(_ context.Context, w http.ResponseWriter, _ *http.Request, _ string) *httpd.Problem {
	select {
	case <-h.server.Stopping():
		return httpd.Unavailable("sidehook is stopping")
	default:
		return answerHealth(w, h.opts.Ready)
	}
}

func answerHealth(w http.ResponseWriter, check func() error) *httpd.Problem {
	if check != nil {
		if err := check(); err != nil {
			return httpd.Unavailable(err.Error())
		}
	}
	httpd.Answer(w, http.StatusOK, httpd.JSON, []byte("{\"status\":\"ok\"}\n"))
	return nil
}

// metrics completes the answer before it is sent, so that a slow client holds only
// that.
func (h *Handler) metrics(_ context.Context, w http.ResponseWriter, _ *http.Request, _ string) *httpd.Problem {
	var body bytes.Buffer
	if err := h.opts.Metrics(&body); err != nil {
		return httpd.Refuse(http.StatusInternalServerError, err.Error())
	}
	httpd.Answer(w, http.StatusOK, httpd.Metrics, body.Bytes())
	return nil
}

// openAPI answers with the description of the calls.
func (h *Handler) openAPI(_ context.Context, w http.ResponseWriter, _ *http.Request, _ string) *httpd.Problem {
	text, err := api.OpenAPI(h.opts.Version)
	if err != nil {
		return httpd.Refuse(http.StatusInternalServerError, err.Error())
	}
	httpd.Answer(w, http.StatusOK, httpd.JSON, append(text, '\n'))
	return nil
}
