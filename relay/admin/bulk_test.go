package admin_test

import (
	"fmt"
	"testing"

	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/apitest"
)

func TestResendBulk(t *testing.T) {
	l := apitest.Start(t, apitest.Settings, apitest.Options{})
	url := "http://localhost/v1/resend"
	for _, c := range []struct{ agent, body, want string }{
		{"", `{"since":"2026-11-23T14:55:00Z"}`, "{Webhooks:[] Since:2026-11-23 14:55:00 +0000 UTC Until:0001-01-01 00:00:00 +0000 UTC Statuses:[] Type: To: DryRun:false By:api}"},
		{"", `{"since":"2026-11-23T14:55:00Z","status":"failed,expired"}`, "{Webhooks:[] Since:2026-11-23 14:55:00 +0000 UTC Until:0001-01-01 00:00:00 +0000 UTC Statuses:[failed expired] Type: To: DryRun:false By:api}"},
		{api.CommandAgent + "1", `{"webhook":"a","since":"2026-11-23T14:55:00Z","until":"2026-11-23T15:55:00Z","status":["delivered"],"type":"t","to":"b"}`,
			"{Webhooks:[a] Since:2026-11-23 14:55:00 +0000 UTC Until:2026-11-23 15:55:00 +0000 UTC Statuses:[delivered] Type:t To:b DryRun:false By:cli}"},
		{"", `{"since":"2026-11-23T14:55:00Z","webhook":["a","b"]}`, "{Webhooks:[a b] Since:2026-11-23 14:55:00 +0000 UTC Until:0001-01-01 00:00:00 +0000 UTC Statuses:[] Type: To: DryRun:false By:api}"},
		{"", `{"since":"2026-11-23T14:55:00Z","status":"","webhook":""}`, "{Webhooks:[] Since:2026-11-23 14:55:00 +0000 UTC Until:0001-01-01 00:00:00 +0000 UTC Statuses:[] Type: To: DryRun:false By:api}"},
	} {
		apitest.Do(t, l.ViaUnix, "POST", url, c.body, "Content-Type", apitest.JSON, "User-Agent", c.agent).Check(t, 202, `{"count":3,"seqs":[[7,9]]}`+"\n")
		l.Operator.Lock()
		got := fmt.Sprintf("%+v", l.Operator.Bulk)
		l.Operator.Unlock()
		if got != c.want {
			t.Errorf("%s: asked for %s, want %s", c.body, got, c.want)
		}
	}
	apitest.Do(t, l.ViaUnix, "POST", url, `{"since":"2026-11-23T14:55:00Z","dry_run":true}`, "Content-Type", apitest.JSON).
		Check(t, 200, `{"count":3,"events":["e-1","e-2"]}`+"\n")
	missing := `"since" is required, such as 2026-11-23T14:55:00Z`
	known := `; use delivered, failed, exhausted, canceled or expired`
	for body, detail := range map[string]string{
		"":                              missing,
		`{"webhook":"a"}`:               missing,
		`{"webhook":"a","since":"24h"}`: `key "since": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "24h"`,
		`{"since":"2026-11-23T14:55:00Z","until":"x"}`: `key "until": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "x"`,
		`{"since":"","until":"2026-11-23T14:55:00Z"}`:  `key "since": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not ""`,
		`{"since":1}`:                                                     `key "since": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "1"`,
		`{"since":"2026-11-23T14:55:00,5Z"}`:                              `key "since": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not "2026-11-23T14:55:00,5Z"`,
		`{"since":"2026-11-23T14:55:00Z","until":""}`:                     `key "until": must be a time in RFC 3339 format, such as 2026-11-23T14:55:00Z, not ""`,
		`{"since":"2026-11-23T14:55:00Z","status":"lost"}`:                `unknown final status "lost"` + known,
		`{"since":"2026-11-23T14:55:00Z","status":"failed, exhausted"}`:   `unknown final status " exhausted"` + known,
		`{"since":"2026-11-23T14:55:00Z","status":["failed","retrying"]}`: "a retrying delivery has not ended; to retry it now, use POST /v1/webhooks/{name}/retry",
		`{"since":"2026-11-23T14:55:00Z","status":3}`:                     `key "status" must be a string, or a list of strings`,
		`{"since":"2026-11-23T14:55:00Z","dry_run":"yes"}`:                `key "dry_run" must be true or false`,
	} {
		apitest.Do(t, l.ViaUnix, "POST", url, body, "Content-Type", apitest.JSON).Check(t, 400, apitest.Problem(400, -1, detail))
	}
	l.Operator.Fail(&admin.UnprocessableError{Problem: "too many"})
	apitest.Do(t, l.ViaUnix, "POST", url, `{"since":"2026-11-23T14:55:00Z"}`, "Content-Type", apitest.JSON).Check(t, 422, apitest.Problem(422, -1, "too many"))
}
