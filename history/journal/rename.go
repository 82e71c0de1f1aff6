package journal

import (
	"context"

	"sidehook/history"
	"sidehook/history/event"
	"sidehook/history/queue"
)

// Rename moves the pending deliveries of a webhook to its new name, in the order of
// acceptance and with a new retry schedule. It returns how many deliveries it
// moved; they are durable on return, also with an error. Errors: those of Append,
// and of reading the events. The same call again moves the rest.
//
//	K1  The record of a rename ends the delivery of the former name and begins
//	    the one of the new name: at every moment exactly one of them is pending.
//	    A start that finds the record without the line of that end writes it.
//	K2  A delivery that is in flight is moved, too, but not claimed under the new
//	    name before that attempt is over. If the attempt ends the delivery, it
//	    ends under both names.
func (j *Journal) Rename(ctx context.Context, was, to string, generation history.Generation) (moved int, err error) {
	j.renaming.Lock()
	defer j.renaming.Unlock()
	err = j.Queue(was).Move(to, generation, func(list []queue.Moving) error {
		n, err := j.rename(ctx, list, was, to, generation)
		moved += n
		return err
	})
	return moved, err
}

// rename moves some deliveries in one commit.
func (j *Journal) rename(ctx context.Context, list []queue.Moving, was, to string, generation history.Generation) (moved int, err error) {
	r := &request{}
	defer func() {
		for i := range r.records {
			j.retention.Unpin(r.records[i].of)
		}
	}()
	for i := range list {
		m := &list[i]
		if j.retention.Pin(m.Of) {
			r.records = append(r.records, record{
				of: m.Of, resend: m.Resend, to: []string{to}, head: AppendRename(nil, m, generation, was, to),
				body: m.Body, accepted: m.Accepted.UnixNano(), rename: m.Rename,
			})
		}
	}
	if len(r.records) == 0 {
		return 0, nil
	}
	if err := j.commits.commit(ctx, r); err != nil {
		return 0, err
	}
	return len(r.records), nil
}

// byRename is who asked for the resend, in the record of a rename.
const byRename = "rename"

// AppendRename appends the record of a rename: for files and indexes a resend, which
// also ends the delivery of the former name.
func AppendRename(dst []byte, m *queue.Moving, generation history.Generation, was, to string) []byte {
	dst = history.AppendResend(dst, m.Of, []string{to}, byRename)
	dst = history.AppendNumber(dst, `,"generation":`, generation)
	dst = history.AppendText(dst, `,"was":`, was)
	dst = history.AppendNumber(dst, `,"from":`, m.Seq)
	dst = history.AppendNumber(dst, `,"bytes":`, uint64(m.Size))
	dst = history.AppendTime(dst, `,"accepted":`, m.Accepted)
	if m.Resend {
		dst = append(dst, `,"resend":true`...)
	}
	if m.ConditionError != "" {
		dst = event.AppendString(append(dst, `,"failed_when":{`...), to)
		dst = append(history.AppendText(dst, ":", m.ConditionError), '}')
	}
	return dst
}
