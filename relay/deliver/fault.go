package deliver

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// fault is a lack of this machine, such as of file descriptors, that keeps
// requests of any webhook from being made. It is logged when it begins and when
// it ends.
type fault struct {
	count atomic.Int64 // requests that met it; 0: there is no fault

	mu          sync.Mutex
	first, last time.Time
}

// faultQuiet is how long no request may meet the fault for it to have ended: each
// webhook that met it tries again after faultBackoff.
const faultQuiet = 3 * faultBackoff

func (f *fault) met(log *slog.Logger, webhook, why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = time.Now()
	if f.count.Add(1) == 1 {
		f.first = f.last
		log.Error("this machine cannot make requests; trying again each second", "webhook", webhook, "error", why)
	}
}

// over is called for each request that was made.
func (f *fault) over(log *slog.Logger) {
	if f.count.Load() == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.last) < faultQuiet {
		return
	}
	if n := f.count.Swap(0); n > 0 {
		log.Info("requests can be made again", "failures", n, "after", time.Since(f.first).Round(time.Second))
	}
}
