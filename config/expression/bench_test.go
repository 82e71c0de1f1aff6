package expression_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/config/expression"
)

// oneKiB is an event of about 1 KiB.
func oneKiB() string {
	items := make([]string, 8)
	for i := range items {
		items[i] = fmt.Sprintf(`{"sku":"B-%d","price":%d.50,"name":"Something to buy","tags":["a","b"]}`, i, i*10)
	}
	return `{"type":"com.example.order.paid","source":"/shop","id":"7","time":"2026-11-23T14:55:00Z","data":{"total":100.50,"paid":true,
"customer":{"id":4711,"name":"Ada Lovelace","mail":"ada@example.com","address":{"street":"12 St James's Square","city":"London"}},
"items":[` + strings.Join(items, ",") + `],"note":"` + strings.Repeat("n", 100) + `"}}`
}

// The decoding of an event is shared by all conditions on it: of each pair, the
// second leaves it out.
func BenchmarkHolds(b *testing.B) {
	for name, source := range map[string]string{
		"compare": `data.customer.id == 4711`,
		"and-any": `data.total >= 100 and any(data.items, .sku startsWith "B-7")`,
		"missing": `data.a.b.c == 1 or not data.paid`,
	} {
		p, err := new(expression.Compiler).Condition(source)
		if err != nil {
			b.Fatal(err)
		}
		text := oneKiB()
		find := lookup(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Holds(expression.NewEvent(len(text), find)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/decoded", func(b *testing.B) {
			e := expression.NewEvent(len(text), find)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Holds(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
