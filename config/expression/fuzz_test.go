package expression_test

import (
	"encoding/json"
	"testing"
	"time"

	"sidehook/config/expression"
)

// FuzzRun: whatever the expression and the event, nothing panics, nothing takes
// long (X1), what comes out is JSON, and the same each time (X3).
func FuzzRun(f *testing.F) {
	for _, source := range append(hostile(), `data.a.b == 1`, `{"a": data, "b": [1.5, -0.0]}`, `data[1:2][0]?.x ?? "y"`,
		`{(data.s): sum(data.l), "b": data?.x?.y[1:]}`, `repeat("é", 3)[1:2] + string(data.n)`, `groupBy(data.l, # % 2)`, `data.n matches "a+"`,
		`let x = data.n; x > 1 ? toJSON(x) : nil`, `sortBy(data, #.x) | map(#index)`) {
		f.Add(source, `{"a":{"b":1},"n":1e400,"l":[1,2],"t":"aaa"}`)
	}
	f.Add(`data`, `[{"a":"\ud800"},-0,1.10]`)
	f.Fuzz(func(t *testing.T, source, data string) {
		if !json.Valid([]byte(data)) {
			t.Skip()
		}
		p, err := new(expression.Compiler).Transform(source)
		if err != nil {
			return
		}
		text := `{"type":"a","data":` + data + `}`
		begin := time.Now()
		body, err := p.Transform(newEvent(t, text))
		_, _ = p.Holds(newEvent(t, text))
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Errorf("%s is not JSON", body)
		}
		again, err := p.Transform(newEvent(t, text))
		if err != nil || string(again) != string(body) {
			t.Errorf("got %s, then %s, %v", body, again, err)
		}
	})
}
