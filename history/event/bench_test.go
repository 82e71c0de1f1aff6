package event_test

import (
	"hash/maphash"
	"strings"
	"testing"

	"sidehook/history/event"
)

// typical is a 1 KiB event as apps post them: names, ids, times and numbers.
var typical = `{"type":"com.example.v1.order.paid","id":"ord_01JD7Q2W8X9Y","source":"/shop/eu","time":"2026-11-23T14:55:00.123456789Z","subject":"orders/8812","data":{` +
	`"order":{"id":"8812","number":"2026-000881-2","currency":"EUR","total":1249.90,"paid":true,"discount":null,` +
	`"created":"2026-11-23T14:54:12.031Z","modified":"2026-11-23T14:54:59.944Z","channel":"web"},` +
	`"customer":{"id":"auth0|b62a17c577a4abe6e807b07d18c4d82286352542","name":"Ada Lovelace","email":"ada@example.com","language":"en-GB"},` +
	`"lines":[` + strings.Join([]string{
	`{"sku":"LMP-0042-BK","name":"Desk lamp, black","quantity":2,"price":49.95,"tax":0.19}`,
	`{"sku":"CHR-1180-OA","name":"Oak chair with armrests","quantity":4,"price":262.50,"tax":0.19}`,
	`{"sku":"DLV-0001","name":"Delivery to the second floor","quantity":1,"price":100.00,"tax":0.19}`,
}, ",") + `],"note":"` + strings.Repeat("Please ring twice and wait. ", 9) + `"}}`

func BenchmarkPlain(b *testing.B) {
	d := event.Decoder{Source: "/bench"}
	for _, c := range []struct{ name, body string }{
		{"typical", typical},
		{"fill", `{"type":"com.example.v1.order.paid"` + typical[strings.Index(typical, `,"data"`):]},
		{"indented", indent(typical)},
		{"text", `{"type":"order.paid","id":"1","source":"/s","data":{"text":"` + strings.Repeat("abcdefgh", 120) + `"}}`},
		{"unicode", `{"type":"order.paid","id":"1","source":"/s","data":{"text":"` + strings.Repeat("Привет, мир ", 45) + `"}}`},
		{"envelope", seed},
	} {
		b.Run(c.name, func(b *testing.B) {
			body := []byte(c.body)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Plain(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	b.SetBytes(int64(len(typical)))
	b.ReportAllocs()
	stored := []byte(typical)
	for b.Loop() {
		if _, err := event.Parse(stored, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExpiryTime(b *testing.B) {
	b.SetBytes(int64(len(typical)))
	b.ReportAllocs()
	stored := []byte(typical)
	for b.Loop() {
		if _, ok := event.ExpiryTime(stored, nil); ok {
			b.Fatal("it has none")
		}
	}
}

func BenchmarkWriteContent(b *testing.B) {
	e, err := event.Parse([]byte(typical), []string{"time"})
	if err != nil {
		b.Fatal(err)
	}
	var h maphash.Hash
	b.ReportAllocs()
	for b.Loop() {
		h.Reset()
		e.WriteContent(&h)
	}
}

func BenchmarkAppendString(b *testing.B) {
	text := strings.Repeat("com.example.order paid ", 4)
	dst := make([]byte, 0, 256)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dst = event.AppendString(dst[:0], text)
	}
}
