package config

import (
	"errors"

	"sidehook/config/expression"
)

// readWhen reads the condition of a webhook.
func readWhen(l *loader, v *value, into **expression.Program) {
	l.expression(v, l.expressions.Condition, into)
}

// readTransform reads the expression that makes a webhook's bodies.
func readTransform(l *loader, v *value, into **expression.Program) {
	l.expression(v, l.expressions.Transform, into)
}

// expression reads an expression, and reports what is wrong with it where that
// stands.
func (l *loader) expression(v *value, compile func(string) (*expression.Program, error), into **expression.Program) {
	*into = nil
	t, ok := l.Known(v)
	if !ok {
		return
	}
	program, err := compile(t.String())
	var wrong *expression.Error
	switch {
	case err != nil && l.Full():
		l.Fail(v, err.Error(), "") // it is not kept, so its place is not worth finding
	case errors.As(err, &wrong) && t.Hidden():
		l.Fail(v, "the value of ${…} is not a valid expression", "run it without ${…} to see what is wrong with it")
	case errors.As(err, &wrong):
		l.FailWithin(v, t.String(), wrong.Offset, wrong.Message, wrong.Hint)
	case err != nil:
		l.Fail(v, err.Error(), "")
	case t.Hidden():
		*into = program.Hidden()
	default:
		*into = program
	}
}
