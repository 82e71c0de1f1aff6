package admin_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"sidehook/relay/apitest"
)

func TestMetrics(t *testing.T) {
	var fails error
	l := apitest.Start(t, apitest.Settings, apitest.Options{Metrics: func(w io.Writer) error {
		fmt.Fprintln(w, "up 1")
		return fails
	}})
	r := apitest.Do(t, l.ViaPort, "GET", "http://"+l.Addr+"/metrics", "")
	if r.StatusCode != 200 || r.Text != "up 1\n" || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("%d %s %v", r.StatusCode, r.Text, r.Header)
	}
	apitest.Do(t, l.ViaPort, "GET", "http://"+l.Addr+"/metrics?name=up", "").
		Check(t, 400, apitest.Problem(400, -1, `unknown query parameter "name"; this call has none`))
	fails = apitest.ErrBroken
	apitest.Do(t, l.ViaPort, "GET", "http://"+l.Addr+"/metrics", "").Check(t, 500, apitest.Problem(500, -1, "broken"))
	r = apitest.Do(t, l.ViaPort, "GET", "http://"+l.Addr+"/metric", "")
	r.Check(t, 404, apitest.Problem(404, -1, "there is no such call; the nearest is GET /metrics"))
}
