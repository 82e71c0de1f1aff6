package journal_test

import (
	"testing"

	"sidehook/history/internal/vfs/memfs"
	"sidehook/history/journal"
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
