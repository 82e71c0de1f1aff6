package format_test

import (
	"cmp"
	"testing"
	"time"

	"sidehook/history/event"
	"sidehook/relay/format"
)

const (
	seed = `{"cloudEventsVersion":"0.1","source":"com.qlik/engine","contentType":"application/json","eventId":"e65c1481-e8a-4be-a5ca-27dfcde077d7","eventTime":"2021-03-08T14:51:29Z","eventTypeVersion":"1.0.0","eventType":"com.qlik.v1.app.deleted",` + seedExtensions + `,"data":` + seedData + `}`

	seedExtensions = `"extensions":{"ownerId":"vNRGrDZIypJzauw59BbpvkRhqbmI","tenantId":"oZcMPa_1PwH4FUdrh6839YHHdEJN","userId":"vNRGrDZIypJtcGTzauw59BbpqbmI"}`
	seedData       = `{"attributes":{"id":"0984fec4-aa8c-4253-b1d1-4fd4f9c78","name":"New App","createdDate":"2021-03-08T14:51:28.888Z","modifiedDate":"2021-03-08T14:51:29.316Z","owner":"auth0|b62a17c577a4abe6e807b07d18c4d82286352542d633d120100b03fb11","ownerId":"vNRGrDZIypJtcGTzauw59BbpvbmI","published":false,"hasSectionAccess":false}}`
)

// TestFormats has what each format makes of the events that there may be; the two
// whose body is the data alone have more in the tests of that.
func TestFormats(t *testing.T) {
	accepted := time.Date(2026, 11, 23, 14, 55, 0, 123456789, time.UTC)
	const (
		plain   = `{"specversion":"1.0","id":"1","source":"app","type":"order.paid","time":"2026-11-23T14:00:00.50+01:00","data":{"n":12345678901234567890,"price":1.10,"t":"\u00e9\/"}}`
		untimed = `{"specversion":"1.0","id":"1","source":"app","type":"order.paid"}`
		full    = `{"specversion":"1.0","id":"1","source":"app","type":"order.paid","datacontenttype":"text/plain","dataschema":"https://x/y","subject":"s\"1","time":"2026-11-23T14:00:00Z","traceparent":"00-1-2-01","count":7,"eventtypeversion":"2.0","data":"hello"}`
		binary  = `{"specversion":"1.0","id":"1","source":"app","type":"t","time":"2026-11-23T14:00:00Z","data_base64":"AAEC"}`
		null    = `{"specversion":"1.0","id":"1","source":"app","type":"t","time":"2026-11-23T14:00:00Z","data":null}`
		bare01  = `{"cloudEventsVersion":"0.1","eventType":"t","eventID":"7","source":"app"}`
		odd01   = `{"cloudEventsVersion":"0.1","eventTypeVersion":"3","eventType":"t","eventId":"7","source":"app","eventTime":"2026-11-23T14:00:00Z","schemaURL":"https://x/y","contentType":"text/plain","data":"d","extensions":{"Owner_Id":"o","list":[1,{"a":"b"}],"map":{"k":"v"},"n":1.50,"yes":true,"none":null,"ownerid":"again","id":"taken","eventTypeVersion":"taken","__":1,"subject":"s","\u0061b":"c"}}`
		// As it is stored if the request that brought it had a trace.
		traced01 = `{"cloudEventsVersion":"0.1","eventType":"t","eventId":"7","source":"app","extensions":{"own":"x"},"traceparent":"00-1","tracestate":"a=b"}`
	)
	for _, c := range []struct {
		name   string
		format format.Format
		event  string
		want   string
	}{
		{"standard", format.Standard, plain, `{"type":"order.paid","timestamp":"2026-11-23T14:00:00.50+01:00","data":{"n":12345678901234567890,"price":1.10,"t":"\u00e9\/"}}`},
		{"standard, nothing but a type", format.Standard, untimed, `{"type":"order.paid","timestamp":"2026-11-23T14:55:00.123456789Z","data":null}`},
		{"standard, base64", format.Standard, binary, `{"type":"t","timestamp":"2026-11-23T14:00:00Z","data":"AAEC"}`},
		{"standard, null", format.Standard, null, `{"type":"t","timestamp":"2026-11-23T14:00:00Z","data":null}`},
		{"standard of 0.1", format.Standard, seed, `{"type":"com.qlik.v1.app.deleted","timestamp":"2021-03-08T14:51:29Z","data":` + seedData + `}`},
		{"the zero format", "", untimed, `{"type":"order.paid","timestamp":"2026-11-23T14:55:00.123456789Z","data":null}`},

		{"1.0 as it is", format.CloudEvents, full, full},
		{"1.0 without data", format.CloudEvents, untimed, untimed},
		{"1.0 of the seed", format.CloudEvents, seed, `{"specversion":"1.0","id":"e65c1481-e8a-4be-a5ca-27dfcde077d7","source":"com.qlik/engine","type":"com.qlik.v1.app.deleted","time":"2021-03-08T14:51:29Z","datacontenttype":"application/json","eventtypeversion":"1.0.0","ownerid":"vNRGrDZIypJzauw59BbpvkRhqbmI","tenantid":"oZcMPa_1PwH4FUdrh6839YHHdEJN","userid":"vNRGrDZIypJtcGTzauw59BbpqbmI","data":` + seedData + `}`},
		{"1.0 of a bare 0.1", format.CloudEvents, bare01, `{"specversion":"1.0","id":"7","source":"app","type":"t"}`},
		{"1.0 of an odd 0.1", format.CloudEvents, odd01, `{"specversion":"1.0","id":"7","source":"app","type":"t","time":"2026-11-23T14:00:00Z","datacontenttype":"text/plain","dataschema":"https://x/y","eventtypeversion":"3","ownerid":"o","list":"[1,{\"a\":\"b\"}]","map":"{\"k\":\"v\"}","n":1.50,"yes":true,"subject":"s","ab":"c","data":"d"}`},

		{"the seed as it is", format.CloudEvents01, seed, seed},
		{"0.1 of a bare 0.1", format.CloudEvents01, bare01, `{"cloudEventsVersion":"0.1","source":"app","eventId":"7","eventType":"t"}`},
		{"0.1 in its order", format.CloudEvents01, `{"eventType":"t","data":1,"extensions":{"B":[],"a":{}},"eventId":"7","source":"app","cloudEventsVersion":"0.1","schemaURL":"https://x/y"}`, `{"cloudEventsVersion":"0.1","source":"app","eventId":"7","eventType":"t","schemaURL":"https://x/y","extensions":{"B":[],"a":{}},"data":1}`},
		{"0.1 of 1.0", format.CloudEvents01, plain, `{"cloudEventsVersion":"0.1","source":"app","contentType":"application/json","eventId":"1","eventTime":"2026-11-23T14:00:00.50+01:00","eventTypeVersion":"1.0.0","eventType":"order.paid","extensions":{},"data":{"n":12345678901234567890,"price":1.10,"t":"\u00e9\/"}}`},
		{"0.1 of a full 1.0", format.CloudEvents01, full, `{"cloudEventsVersion":"0.1","source":"app","contentType":"text/plain","eventId":"1","eventTime":"2026-11-23T14:00:00Z","eventTypeVersion":"2.0","eventType":"order.paid","schemaURL":"https://x/y","extensions":{"subject":"s\"1","traceparent":"00-1-2-01","count":7},"data":"hello"}`},
		{"0.1 of base64", format.CloudEvents01, binary, `{"cloudEventsVersion":"0.1","source":"app","contentType":"application/json","eventId":"1","eventTime":"2026-11-23T14:00:00Z","eventTypeVersion":"1.0.0","eventType":"t","extensions":{},"data":"AAEC"}`},
		{"0.1 of a version in numbers", format.CloudEvents01, `{"specversion":"1.0","id":"1","source":"app","type":"t","time":"2026-11-23T14:00:00Z","eventtypeversion":2,"data":1}`, `{"cloudEventsVersion":"0.1","source":"app","contentType":"application/json","eventId":"1","eventTime":"2026-11-23T14:00:00Z","eventTypeVersion":"2","eventType":"t","extensions":{},"data":1}`},
		{"1.0 of a traced 0.1", format.CloudEvents, traced01, `{"specversion":"1.0","id":"7","source":"app","type":"t","own":"x","traceparent":"00-1","tracestate":"a=b"}`},
		{"a traced 0.1 as it is", format.CloudEvents01, traced01, `{"cloudEventsVersion":"0.1","source":"app","eventId":"7","eventType":"t","extensions":{"own":"x"}}`},
		{"0.1 without data", format.CloudEvents01, untimed, `{"cloudEventsVersion":"0.1","source":"app","contentType":"application/json","eventId":"1","eventTime":"2026-11-23T14:55:00.123456789Z","eventTypeVersion":"1.0.0","eventType":"order.paid","extensions":{}}`},
	} {
		t.Run(string(cmp.Or(c.format, format.Standard))+"/"+c.name, func(t *testing.T) {
			e, err := event.Parse([]byte(c.event), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.format.Content(&e, accepted)
			if err != nil || string(got.Body) != c.want {
				t.Errorf("%v, got\n %s, want\n %s", err, got.Body, c.want)
			}
			if got.ContentType != c.format.ContentType() || got.Headers != nil {
				t.Errorf("got the Content-Type %s and headers %v", got.ContentType, got.Headers)
			}
		})
	}
}
