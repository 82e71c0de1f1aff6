package config

import (
	"errors"

	"sidehook/config/expression"
)

// readWhen reads the condition of a webhook.
func readWhen(l *loader, v *value, d *partial) {
	l.expression(v, l.expressions.Condition, &d.When)
}

// readTransform reads the expression that makes a webhook's bodies.
func readTransform(l *loader, v *value, d *partial) {
	l.expression(v, l.expressions.Transform, &d.Transform)
}

// expression reads an expression, and reports what is wrong with it where that
// stands.
func (l *loader) expression(v *value, compile func(string) (*expression.Program, error), into **expression.Program) {
	*into = nil
	t, ok := l.known(v)
	if !ok {
		return
	}
	program, err := compile(t.string)
	var wrong *expression.Error
	switch {
	case err != nil && l.found.errors >= maxProblems:
		l.fail(v, err.Error(), "") // it is not shown, so that its place is not sought
	case errors.As(err, &wrong) && t.filled:
		l.fail(v, "what came by ${…} is no expression of this kind", "run it without ${…} to see what is wrong with it")
	case errors.As(err, &wrong):
		line, column := within(l.data, v.node, t.string, wrong.Offset)
		l.reportAt(v, line, column, wrong.Message, wrong.Hint)
	case err != nil:
		l.fail(v, err.Error(), "")
	case t.filled:
		*into = program.Hidden()
	default:
		*into = program
	}
}
