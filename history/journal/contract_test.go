package journal_test

import (
	"testing"
	"time"

	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
	"sidehook/history/queue"
	"sidehook/history/queue/queuetest"
)

// engine is a journal as the contract sees it.
type engine struct {
	*running
	fs *memfs.FS
}

func TestContract(t *testing.T) {
	queuetest.Run(t, func(t *testing.T) queuetest.Engine {
		fs := memfs.New()
		return engine{start(t, fs, journal.Options{SegmentSize: 32 << 10}), fs}
	})
}

func (e engine) Claim(webhook string, pick queue.ClaimMode) (queuetest.Lease, bool) {
	l, ok := e.Queue(webhook).Claim(pick)
	return lease{l}, ok
}

func (e engine) Due(webhook string) (time.Time, bool) { return e.Queue(webhook).Due() }
func (e engine) Hasten(webhook string)                { e.Queue(webhook).RetryNow() }
func (e engine) Notify(webhook string, wake func())   { e.Queue(webhook).Notify(wake) }

func (e engine) Restart(cleanly bool) queuetest.Engine {
	left := e.fs
	if cleanly {
		if err := e.stop(); err != nil {
			e.t.Fatalf("stop: %v", err)
		}
	} else {
		left = e.fs.Kill()
	}
	return engine{start(e.t, left, journal.Options{SegmentSize: 32 << 10}), left}
}

type lease struct{ *queue.Lease }

func (l lease) Event() []byte    { return l.Lease.Event }
func (l lease) Filled() []string { return l.Lease.Filled }
func (l lease) Attempt() int     { return l.Lease.Attempt }
