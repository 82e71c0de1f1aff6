package config_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"sidehook/config"
)

func FuzzLoad(f *testing.F) {
	for _, c := range refusals {
		f.Add([]byte(c.text))
	}
	example, err := os.ReadFile("../webhooks.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := config.Parse("webhooks.yaml", data, config.Check)
		if err != nil {
			return
		}
		var printed, again bytes.Buffer
		if err := first.Print(&printed); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(printed.String(), "***") {
			return
		}
		second, err := config.Parse("webhooks.yaml", printed.Bytes(), config.Check)
		if err != nil {
			t.Fatalf("%v\n%s", err, &printed)
		}
		if err := second.Print(&again); err != nil {
			t.Fatal(err)
		}
		if printed.String() != again.String() {
			t.Errorf("printed\n%s\nthen\n%s", &printed, &again)
		}
		for i, w := range first.Webhooks {
			if !w.Equal(second.Webhooks[i]) || w.Description != second.Webhooks[i].Description {
				t.Errorf("%s was\n%+v\nand is\n%+v", w.Name, w, second.Webhooks[i])
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("webhooks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, `  - name: hook-%d
    description: What happens to customer %d
    url: https://hooks.example.com/customers/%d
    events: ["com.example.order.*", com.example.customer.deleted]
    secret: 0123456789abcdef0123456789abcdef
    headers: {X-Team: data}
`, i, i, i)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := config.Parse("webhooks.yaml", text.Bytes(), config.Run); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEqual(b *testing.B) {
	parse := func() *config.File {
		f, err := config.Parse("f", []byte(hook), config.Run)
		if err != nil {
			b.Fatal(err)
		}
		return f
	}
	one, other := parse().Webhooks[0], parse().Webhooks[0]
	for b.Loop() {
		if !one.Equal(other) {
			b.Fatal("differ")
		}
	}
}
