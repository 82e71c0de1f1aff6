package journal

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"sidehook/history/internal/files"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/upkeep"
)

// Run writes until ctx is done, and then returns after all events and outcomes so far are
// on disk; or until the disk fails. That error is final: the process must end, so that the
// next one reads what is really there.
func (j *Journal) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	// The outcomes are written longest, because the last checkpoint needs them.
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return j.failing(j.outcomes.run(writing)) })
	group.Go(func() error { j.indexer.Run(running); return nil })
	compressor := upkeep.NewCompressor(upkeep.CompressorOptions{
		FS: j.fs, Log: j.log, Space: j.retention, Events: j.events, Deliveries: j.delivered, Files: &j.retention.Files, Wall: j.clock.Wall,
	})
	group.Go(func() error { return j.failing(compressor.Run(running)) })
	group.Go(func() error {
		defer stop()
		accepting, ctx := errgroup.WithContext(running)
		accepting.Go(func() error { return j.commits.run(ctx) })
		accepting.Go(func() error { return j.failing(j.replaceFiles(ctx)) })
		accepting.Go(func() error { j.queues.Sweep(ctx); return nil })
		if err := accepting.Wait(); err != nil {
			return err
		}
		// The last checkpoint must come after all outcomes: otherwise a replay would apply
		// them again. tryCheckpoint meets an error of this flush again.
		_ = j.outcomes.flush()
		// It is written though nothing has changed: it tells when the process stopped.
		j.checkpoint.written, j.checkpoint.stopped = files.Checkpoint{}, true
		return j.tryCheckpoint()
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("the journal has failed and is not written any more: %w", err)
	}
	return nil
}

// failing passes an error on. After one nothing is acknowledged any more, in
// whatever file it happened.
func (j *Journal) failing(err error) error {
	if err != nil {
		j.commits.poison(err)
	}
	return err
}

// replaceFiles writes the checkpoint, removes old history, and records damage that
// is accepted. It is the only goroutine that replaces files.
func (j *Journal) replaceFiles(ctx context.Context) error {
	defer j.retention.End()
	// The first checkpoint is written at once, so that the next start knows which
	// configuration was in force, and that the stop was unclean if this process is
	// killed.
	checkpoint, look := time.NewTimer(0), time.NewTimer(0)
	defer checkpoint.Stop()
	defer look.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-checkpoint.C:
			began := time.Now()
			err = j.tryCheckpoint()
			// A large one is written less often.
			checkpoint.Reset(max(checkpointEvery, 50*time.Since(began)))
		case <-look.C:
			err = j.retention.Look(ctx, 0)
			look.Reset(retention.LookEvery)
		case <-j.retention.Soon():
			err = j.retention.Look(ctx, 0)
		case r := <-j.retention.Requests():
			j.queues.MakeRoom(ctx)
			err = j.retention.Look(ctx, r.Bytes)
			r.Done()
		case a := <-j.accepted:
			err = j.accept(a)
		}
		if err != nil {
			return err
		}
	}
}
