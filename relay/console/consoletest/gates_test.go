package consoletest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"sidehook/relay/console/consoletest"
)

// bigHistory is the environment variable that names a folder with a generated history,
// such as one of 10 million attempts (history/historytest/generate). Without it, one of
// many small segments stands for it.
const bigHistory = "SIDEHOOK_BIG_HISTORY"

// big starts a relay with 10,000 webhooks and a long history.
func big(t testing.TB) *scene {
	s := &scene{receiver: consoletest.NewReceiver(t)}
	var file strings.Builder
	file.WriteString("webhooks:\n")
	for i := range 10_000 {
		fmt.Fprintf(&file, "  - {name: webhook-%d, description: Tenant %d, url: 'https://tenant-%d.example.com/hook', events: [order.*, user.created], match: {tenant: t%d}, signature: none, paused: true}\n", i, i, i, i)
	}
	setup := consoletest.Setup{File: file.String(), History: os.Getenv(bigHistory)}
	if setup.History == "" {
		setup.Attempts, setup.SegmentSize = 30_000, 512<<10
	}
	s.Relay = consoletest.Start(t, setup)
	return s
}

// bigPages are pages of a big relay, each with what it may allocate, in KiB: about half
// more than it does. A list of webhooks looks at the names of all.
var bigPages = []struct {
	path     string
	allocate int
}{
	{"/", 5000},
	{"/?q=webhook-9999", 4500},
	{"/?q=example.com", 5000},
	{"/?sort=attention", 5500},
	{"/webhooks/webhook-9", 3000},
	{"/webhooks/webhook-9?status=exhausted", 3000},
	{"/webhooks/webhook-3?type=order.*", 3000},
	{"/webhooks/webhook-9999", 2000},
	{"/deliveries", 3000},
	{"/deliveries?status=failed", 2000},
	{"/events", 4500},
	{"/events?type=order.paid", 4500},
	{"/events?waiting=true", 8000}, // reads the checkpoint
	{"/events/seq:100", 4000},
	{"/config", 1500},
}

// TestBigPages: a page of 10,000 webhooks and a long history costs what one of ten costs.
// The gates are counts, not times, so that they hold on a busy machine.
func TestBigPages(t *testing.T) {
	s := big(t)
	for _, page := range bigPages {
		t.Run(page.path, func(t *testing.T) {
			s.For(t)
			status, body, _ := s.Get(page.path) // what is kept, is now
			if status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			if n := elements(body); n > mostElements {
				t.Errorf("%d elements, want at most %d", n, mostElements)
			}
			const times = 5
			least, cpu := 1<<62, time.Hour
			for range 3 { // what others do at the same time counts least in one of them
				var before, after runtime.MemStats
				used := processorTime(t)
				runtime.ReadMemStats(&before)
				for range times {
					s.Get(page.path)
				}
				runtime.ReadMemStats(&after)
				least = min(least, int(after.TotalAlloc-before.TotalAlloc)/times)
				cpu = min(cpu, (processorTime(t)-used)/times)
			}
			t.Logf("%d bytes, %d packed, %d elements; %d KiB allocated, %v of a processor", len(body), len(packed(t, body)), elements(body), least>>10, cpu)
			if least>>10 > page.allocate {
				t.Errorf("%d KiB allocated, want at most %d", least>>10, page.allocate)
			}
			// The client's part is in it, too.
			if limit := 10 * time.Millisecond; os.Getenv(bigHistory) != "" && cpu > limit {
				t.Errorf("%v of a processor, want at most %v", cpu, limit)
			}
		})
	}
}

// processorTime returns what the process has used.
func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// packed returns a text as it is sent.
func packed(t testing.TB, text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asset finds the assets of a page.
var asset = regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`)

// TestWeight: the assets are at most 20 KiB as they are sent, and a first visit 40 KiB.
func TestWeight(t *testing.T) {
	s := busy(t)
	size := func(path string) (int, string) {
		req, err := http.NewRequest("GET", "http://127.0.0.1:"+s.Port+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = s.session("view")
		req.Header.Set("Accept-Encoding", "gzip") // and so it is not undone
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: status %d, %v", path, resp.StatusCode, err)
		}
		if resp.Header.Get("Content-Encoding") != "gzip" {
			return len(body), string(body)
		}
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return len(body), string(text)
	}
	page, html := size("/")
	assets := 0
	for _, path := range asset.FindAllStringSubmatch(html, -1) {
		n, _ := size(path[1])
		assets += n
	}
	t.Logf("page %d, assets %d", page, assets)
	if assets == 0 || assets > 20<<10 {
		t.Errorf("assets of %d bytes, want at most 20 KiB", assets)
	}
	if page+assets > 40<<10 {
		t.Errorf("a first visit of %d bytes, want at most 40 KiB", page+assets)
	}
}

// TestStreamMemory: an open page costs the relay little.
func TestStreamMemory(t *testing.T) {
	s := busy(t)
	const sessions, each = 25, 4
	var headers []http.Header
	for range sessions {
		headers = append(headers, s.session("view"))
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	open := func(header http.Header) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:"+s.Port+"/live?page=/&after=0", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header.Clone()
		req.Header.Set("Accept", "text/event-stream")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		if _, err := resp.Body.Read(make([]byte, 1)); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("stream: status %d, %v", resp.StatusCode, err)
		}
	}
	open(s.session("view")) // after which all that is made once is there
	before := memory()
	for _, header := range headers {
		for range each {
			open(header)
		}
	}
	// Both ends are in this process, and the news of a page are kept at both.
	grown := (memory() - before) / (sessions * each)
	for range 20 {
		if grown <= 256<<10 {
			break
		}
		time.Sleep(200 * time.Millisecond) // some are just rendering, which takes memory for a moment
		grown = min(grown, (memory()-before)/(sessions*each))
	}
	t.Logf("%d KiB a stream", grown>>10)
	if grown > 256<<10 {
		t.Errorf("%d KiB a stream, want at most 256", grown>>10)
	}
}

// memory returns what is in use, without garbage.
func memory() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}
