package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"sidehook/relay/admin"
	"sidehook/relay/engine"
)

// owner is an engine that answers all asks with one answer.
type owner struct {
	engine.Engine
	answer json.RawMessage
}

func (o owner) Ask(context.Context, string, string, json.RawMessage) (json.RawMessage, error) {
	return o.answer, nil
}

// TestAskOwner: who asks gets the value, or the error that the owner had.
func TestAskOwner(t *testing.T) {
	missing, unprocessable := &admin.NotFoundError{What: "webhook w"}, &admin.UnprocessableError{Problem: "it is off"}
	for name, c := range map[string]struct {
		value any
		err   error
		want  string
	}{
		"a value":       {map[string]int{"n": 7}, nil, "map[n:7]"},
		"nothing":       {nil, nil, "map[]"},
		"a failure":     {nil, errors.New("the disk is full"), "map[] *errors.errorString: the disk is full"},
		"not found":     {nil, fmt.Errorf("look: %w", missing), "map[] *admin.NotFoundError: " + missing.Error()},
		"unprocessable": {nil, unprocessable, "map[] *admin.UnprocessableError: " + unprocessable.Error()},
		"no JSON":       {func() {}, nil, "map[] *errors.errorString: json: unsupported type: func()"},
	} {
		t.Run(name, func(t *testing.T) {
			var value map[string]int
			s := &engine.Storage{Engine: owner{answer: engine.Answer(c.value, c.err)}}
			err := s.AskOwner(t.Context(), "w", engine.AskRetry, nil, &value)
			got := fmt.Sprint(value)
			if err != nil {
				got = fmt.Sprintf("%v %T: %v", value, err, err)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
