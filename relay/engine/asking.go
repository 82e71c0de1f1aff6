package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"sidehook/history"
	"sidehook/relay/admin"
)

// The actions that a member of a cluster asks the owner of a webhook for.
const (
	AskEnable       = "enable"
	AskRetry        = "retry"
	AskRetryEvent   = "retry_event"
	AskRename       = "rename"
	AskTest         = "test"
	AskCancel       = "cancel"
	AskSelectCancel = "select_cancel"
)

// EventOf names an event, and the webhooks that it was accepted for.
type EventOf struct {
	Seq history.Seq `json:"seq"`
	To  []string    `json:"to"`
}

// asking is the answer of an owner.
type asking struct {
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  string          `json:"error,omitempty"`
	Kind   string          `json:"kind,omitempty"` // of the error, if a caller is to know it
}

const (
	kindNotFound      = "not_found"
	kindUnprocessable = "unprocessable"
)

// Answer returns the answer of an owner, for AskOwner.
func Answer(answer any, err error) json.RawMessage {
	text, failed := json.Marshal(answerTo(answer, err))
	if failed != nil {
		text, _ = json.Marshal(answerTo(nil, failed))
	}
	return text
}

func answerTo(answer any, err error) asking {
	var missing *admin.NotFoundError
	var unprocessable *admin.UnprocessableError
	text, failed := json.Marshal(answer)
	a := asking{Answer: text}
	switch err = errors.Join(err, failed); {
	case err == nil:
	case errors.As(err, &missing):
		a.Error, a.Kind = missing.What, kindNotFound
	case errors.As(err, &unprocessable):
		a.Error, a.Kind = unprocessable.Problem, kindUnprocessable
	default:
		a.Error = err.Error()
	}
	return a
}

// AskOwner has the owner of a webhook, which is another process, do something, and decodes
// its answer unless that is nil. The error is one of admin if the owner's was.
func (s *Storage) AskOwner(ctx context.Context, webhook, kind string, arguments, answer any) error {
	text, err := json.Marshal(arguments)
	if err != nil {
		return err
	}
	raw, err := s.Ask(ctx, webhook, kind, text)
	if err != nil {
		return err
	}
	var a asking
	if err := json.Unmarshal(raw, &a); err != nil {
		return fmt.Errorf("read the answer of %s: %w", s.Owner(webhook), err)
	}
	if answer != nil {
		err = json.Unmarshal(a.Answer, answer)
	}
	switch {
	case a.Kind == kindNotFound:
		return &admin.NotFoundError{What: a.Error}
	case a.Kind == kindUnprocessable:
		return &admin.UnprocessableError{Problem: a.Error}
	case a.Error != "":
		return errors.New(a.Error)
	}
	return err
}

// AsksAtOnce limits how many owners are asked at a time.
const AsksAtOnce = 8
