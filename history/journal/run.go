package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"sidehook/history"
	"sidehook/history/internal/files"
	"sidehook/history/internal/retention"
	"sidehook/history/internal/upkeep"
	"sidehook/history/internal/vfs"
)

const (
	// cursorsEvery is how often the cursors are written at most.
	cursorsEvery = 5 * time.Second
	// cursorsAge is how old they get though nothing happens: a start tells by
	// them how long nothing ran.
	cursorsAge = time.Hour
)

// Run writes until ctx is done and all that was accepted and known by then is
// on disk, or until the disk fails: that error is final, and the process has
// to end so that the next one reads what is truly there.
func (j *Journal) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	// Outcomes are written longest, as the last cursors rest on them.
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return j.failing(j.outcomes.run(writing)) })
	group.Go(func() error { j.indexer.Run(running); return nil })
	compressor := upkeep.NewCompressor(upkeep.CompressorOptions{
		FS: j.fs, Log: j.log, Space: j.retention, Events: j.events, Deliveries: j.delivered, Files: &j.retention.Files, Wall: j.clock.Wall,
	})
	group.Go(func() error { return j.failing(compressor.Run(running)) })
	group.Go(func() error {
		defer stop()
		accepting, saving := errgroup.WithContext(running)
		accepting.Go(func() error { return j.commits.run(saving) })
		accepting.Go(func() error { return j.failing(j.saveRegularly(saving)) })
		accepting.Go(func() error { j.queues.Sweep(saving); return nil })
		if err := accepting.Wait(); err != nil {
			return err
		}
		// The last cursors stand behind all outcomes, so that no line is replayed
		// over what came after it. An error of it is met again by save.
		_ = j.outcomes.flush()
		j.saved, j.last = files.Checkpoint{}, true // the last ones are written anyway: they say when it stopped
		return j.save()
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("the journal has failed and is not written any more: %w", err)
	}
	return nil
}

// failing passes an error on. Nothing is acknowledged behind one, whichever
// file it is of.
func (j *Journal) failing(err error) error {
	if err != nil {
		j.commits.poison(err)
	}
	return err
}

// saveRegularly writes the cursors while others write what they speak of, removes
// what need not be kept, and records damage that is accepted: it alone replaces
// files.
func (j *Journal) saveRegularly(ctx context.Context) error {
	defer j.retention.End()
	// The first cursors are written at once: they tell a next start, whenever this
	// one ends, which configuration was in force, and that the stop was no clean one.
	saving, looking := time.NewTimer(0), time.NewTimer(0)
	defer saving.Stop()
	defer looking.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-saving.C:
			begun := time.Now()
			err = j.save()
			// Large cursors are written less often.
			saving.Reset(max(cursorsEvery, 50*time.Since(begun)))
		case <-looking.C:
			err = j.retention.Look(ctx, 0)
			looking.Reset(retention.LookEvery)
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

// save writes the cursors, and says in the log if it cannot. Its error is a sync
// that failed, which is final.
func (j *Journal) save() error {
	switch err := j.saveCursors(); {
	case err == nil:
		j.saving.Over(j.log, "the cursors are written again")
	case history.Ended(err):
		// That ends Run, which says why.
	case errors.Is(err, vfs.ErrUnsynced):
		return fmt.Errorf("write the cursors: %w", err)
	default:
		j.saving.Met(j.log, "cannot write the cursors, so that the next start reads more of the history", err)
	}
	return nil
}
