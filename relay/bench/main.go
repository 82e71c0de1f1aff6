package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	// The systems beside sidehook are this program, in processes of their own.
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		fmt.Fprintln(os.Stderr, serve(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	b := bench{parts: parts(), out: os.Stdout}
	var only string
	flag.StringVar(&only, "only", "", "the parts to run, with commas between; all but waiting if empty")
	flag.IntVar(&b.rounds, "rounds", 3, "how often each system is measured; the median is printed")
	flag.DurationVar(&b.time, "time", 5*time.Second, "how long events are sent in a round")
	flag.StringVar(&b.binary, "binary", "", "the sidehook to measure; built from this tree if empty")
	flag.IntVar(&b.waiting, "waiting", 10_000_000, "how many events wait in the part of that name")
	flag.Parse()
	if err := b.run(only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	parts   []part
	rounds  int
	time    time.Duration
	binary  string
	waiting int
	out     io.Writer
	dir     string // for all that is written
}

func (b *bench) run(only string) error {
	dir, err := os.MkdirTemp("", "sidehook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	if b.binary == "" {
		b.binary = filepath.Join(dir, "sidehook")
		build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.binary, "sidehook")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	wanted := strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	for _, name := range wanted {
		if name != "waiting" && !slices.ContainsFunc(b.parts, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("no part %q; see go doc ./relay/bench", name)
		}
	}
	fmt.Fprintf(b.out, "%s, %d cores, %s, %d rounds of %v\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), b.rounds, b.time)
	for _, p := range b.parts {
		if len(wanted) == 0 || slices.Contains(wanted, p.name) {
			if err := b.measure(p); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	if slices.Contains(wanted, "waiting") {
		return b.measureWaiting()
	}
	return nil
}

// part is what several systems are measured by.
type part struct {
	name string
	rows []row
}

// row is one system, under one load.
type row struct {
	system string
	what   string // of the load, if that is not the part's
	load   load
	fanOut int // webhooks that get each event; 0: one
	hooks  int // webhooks that each get a share of the events; 0: one gets all
}

func parts() []part {
	const kib = 1 << 10
	one := load{size: kib, connections: 64, batch: 1}
	with := func(change func(*load)) load {
		l := one
		change(&l)
		return l
	}
	slow, batches := with(func(l *load) { l.rate = 200 }), with(func(l *load) { l.batch, l.connections = 100, 4 })
	list := []part{
		{"requests", []row{{system: "proxy", load: one}, {system: "yardstick", load: one}, {system: "sidehook", load: one}}},
		{"latency", []row{{system: "proxy", load: slow}, {system: "yardstick", load: slow}, {system: "sidehook", load: slow}}},
		{"batches", []row{{system: "yardstick", what: "one a request", load: one}, {system: "sidehook", what: "NDJSON of 100", load: batches}}},
		{"fanout", []row{{system: "yardstick", what: "to one", load: one}, {system: "sidehook", what: "to ten", load: one, fanOut: 10}}},
	}
	webhooks := part{"webhooks", []row{{system: "sidehook", what: "1", load: one}}}
	for _, n := range []int{10, 100, 1_000, 10_000} {
		webhooks.rows = append(webhooks.rows, row{system: "sidehook", what: fmt.Sprint(n), load: one, hooks: n})
	}
	sizes := part{name: "sizes"}
	for _, n := range []int{16, 256} {
		large := with(func(l *load) { l.size = n * kib })
		for _, system := range []string{"proxy", "yardstick", "sidehook"} {
			sizes.rows = append(sizes.rows, row{system: system, what: fmt.Sprint(n, " KiB"), load: large})
		}
	}
	return append(list, webhooks, sizes)
}

// measure prints the table of a part. The systems take turns, so that a disturbance of
// the machine meets all of them.
func (b *bench) measure(p part) error {
	results := make([][]result, len(p.rows))
	for range b.rounds {
		for i, r := range p.rows {
			got, err := b.round(r)
			if err != nil {
				return fmt.Errorf("%s %s: %w", r.system, r.what, err)
			}
			results[i] = append(results[i], got)
		}
	}
	fmt.Fprintf(b.out, "\n%s\n\n| system | accepted/s | delivered/s | event to delivery p50 / p99 ms | CPU µs a delivery | memory MiB | delivered/s, CPU of the %s |\n", p.name, reference(p.rows).system)
	fmt.Fprintln(b.out, "| --- | --- | --- | --- | --- | --- | --- |")
	for i, r := range p.rows {
		got, base := median(results[i]), median(results[slices.IndexFunc(p.rows, func(o row) bool { return o == reference(samePart(p.rows, r)) })])
		fmt.Fprintf(b.out, "| %s | %.0f | %.0f | %.1f / %.1f | %.0f | %.0f | %.2f, %.2f |\n", strings.TrimSpace(r.system+" "+r.what), got.accepted, got.delivered,
			got.p50, got.p99, got.cpu, got.memory, got.delivered/base.delivered, got.cpu/base.cpu)
	}
	return nil
}

// samePart are the rows that one is compared with: those of the same size of event.
func samePart(rows []row, r row) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(o row) bool { return o.load.size != r.load.size })
}

// reference is the row that the others are compared with.
func reference(rows []row) row {
	if i := slices.IndexFunc(rows, func(r row) bool { return r.system == "yardstick" }); i >= 0 {
		return rows[i]
	}
	return rows[0]
}

// result is what one round, or the median of several, says of a system.
type result struct {
	accepted, delivered float64 // a second
	p50, p99            float64 // from when an event was due to its delivery, in milliseconds
	cpu                 float64 // microseconds a delivery
	memory              float64 // the most that the process had, in MiB
}

// median takes each figure's own.
func median(list []result) result {
	of := func(figure func(result) float64) float64 {
		sorted := slices.SortedFunc(slices.Values(list), func(a, b result) int { return cmp.Compare(figure(a), figure(b)) })
		return figure(sorted[len(sorted)/2])
	}
	return result{
		accepted: of(func(r result) float64 { return r.accepted }), delivered: of(func(r result) float64 { return r.delivered }),
		p50: of(func(r result) float64 { return r.p50 }), p99: of(func(r result) float64 { return r.p99 }),
		cpu: of(func(r result) float64 { return r.cpu }), memory: of(func(r result) float64 { return r.memory }),
	}
}
