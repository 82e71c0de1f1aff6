package measure_test

import (
	"testing"
	"time"

	"sidehook/relay/measure"
)

func TestMeasures(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{measure.Millis(0.004), "0.00ms"},
		{measure.Millis(3.456), "3.46ms"},
		{measure.Millis(12.417), "12.4ms"},
		{measure.Millis(999), "999ms"},
		{measure.Millis(1250), "1.25s"},
		{measure.Millis(61_500), "1m2s"},
		{measure.Span(0), "0s"},
		{measure.Span(59 * time.Second), "59s"},
		{measure.Span(5 * time.Minute), "5m"},
		{measure.Span(3*time.Hour + 20*time.Minute), "3h20m"},
		{measure.Span(52 * time.Hour), "2d4h"},
		{measure.Span(-90 * time.Second), "1m30s"},
		{measure.Size(0), "0 B"},
		{measure.Size(1536), "1.5 KiB"},
		{measure.Size(64 << 20), "64.0 MiB"},
		{measure.Size(5 << 40), "5.0 TiB"},
		{measure.Count(1, "delivery"), "1 delivery"},
		{measure.Count(2, "delivery"), "2 deliveries"},
		{measure.Count(0, "line"), "0 lines"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
