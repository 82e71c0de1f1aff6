package console_test

import (
	"context"

	"sidehook/history/query"
	"sidehook/relay/admin"
	"sidehook/relay/api"
	"sidehook/relay/console"
	"sidehook/relay/console/trace"
)

// events is a console.EventOperator for tests that are about other things.
type events struct{}

func (events) Terms(context.Context, string) (trace.Terms, error) { return trace.Terms{}, nil }

func (events) RequestBody(context.Context, string, query.EventRef) (admin.EventData, error) {
	return admin.EventData{}, nil
}

func (events) Namesakes(context.Context, string, int) ([]console.Namesake, error) { return nil, nil }

func (events) PostEvent(context.Context, []byte, string) (api.Receipt, error) {
	return api.Receipt{}, nil
}
