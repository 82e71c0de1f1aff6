// Package history is the vocabulary of the history: the records of what was
// accepted (EventRecord) and of what became of it (DeliveryRecord), attempts,
// statuses and states of webhooks, each declared once, and their form in the files.
// It opens no file itself:
//
//	event     one event as JSON
//	queue     the pending deliveries of one webhook, over any storage
//	journal   the files, and their only writer
//	query     reading: attempts, events, traces, statistics, following
//	verify    checking every line
//
// # Format
//
// A folder has two streams of segments, and files beside them. A line of a segment is
// a JSON object that ends in a checksum (package jsonl).
//
//	events-N.jsonl       what was accepted: events, and resends of events. N is the
//	                     seq of the first record
//	deliveries-N.jsonl   what became of it: attempts, the configurations that they
//	                     were made under, the states of webhooks
//	events.jsonl, deliveries.jsonl   links to the segments being written
//	NAME.jsonl.zst       a finished segment, compressed (S6)
//	NAME.idx             the index of a finished segment (package index)
//	NAME.torn            bytes that a crash left half-written, cut off NAME
//	cursors.json         the checkpoint: the state of each queue, how the webhook's
//	                     attempts went (FailureStreak), and of the wall clock; the
//	                     one before it is cursors.previous.json
//	removed.json, removed-deliveries.json   the segments that retention has removed
//	damage.json          the damage that history check --accept has accepted
//	FORMAT, lock         the version of the format; the lock of the writer
//
// # Glossary
//
//	event        what an application posted; its seq is its number in the events
//	delivery     one event for one webhook
//	attempt      one request of a delivery
//	resend       another delivery of the same event, with a seq of its own
//	backlog      the deliveries of a webhook that have not ended
//	lease        a delivery in the hands of deliver, for one attempt
//	segment      a file of a stream; finished when the next one is created
//	batch        the lines that one sync makes durable (group commit)
//	checkpoint   what recovery starts from, instead of the first line
//	generation   the number of the configuration in force
//	torn write   a line or batch of which a crash left only a part
//	damage       a line that was synced and does not read back
//
// The states of a delivery:
//
//	          accepted
//	             |
//	          pending  -- claim -->  in flight  -- delivered, failed, exhausted --> ended
//	          |     ^                    |
//	expired, canceled |             retry, release
//	          v     |                    v
//	        ended   +---- due ------ scheduled  -- expired, canceled --> ended
//
// # Invariants
//
// Code and tests cite them by letter and number:
//
//	H  what an accepted event may rely on        package journal
//	K  renaming a webhook                        package journal
//	Q  the pending deliveries of a webhook       package queue
//	E  expiry                                    package queue
//	L  the deliveries of a key, in their order   package pending
//	I  the bytes in flight                       package budget
//	S  the bytes on disk                         package segment
//	R  what retention may remove                 package retention
//
// These hold over all of them:
//
//	F1  Files are only appended to, replaced whole by a rename, or removed; recovery also
//	    cuts off a torn write. Nothing is changed in place.
//	F2  The lines of the segments are all there is to know. What is derived from them
//	    (checkpoint, indexes) may be missing, old or damaged, and costs only time.
//	F3  The events come first: an outcome is recorded only for an event that is synced.
//	F4  One process writes, under the lock. Readers take no lock: what they read of a
//	    line is whole, or they read it again.
//	F5  A reader skips a damaged line and reports it. It never guesses its content.
//
// # Recovery
//
// Open does the following after any crash, and may itself be killed at any point: it
// begins again (F1).
//
//	killed                         leaves                         recovery                       safe, because
//	during a write of events       a torn last line or batch      cuts it off, keeps it as .torn no client got an answer for it (H1)
//	between write and sync         lines that may not be on disk  writes and syncs them anew     they are valid events; a repeat is a duplicate
//	after the sync, before 202     synced events, no answer       queues them                    the client posts them again: a duplicate (200)
//	between an answer of a         no record of the attempt       makes the attempt again        the delivery has the same id at each attempt
//	receiver and its record
//	during a write of deliveries   a torn last line               cuts it off                    as if the attempt was not recorded
//	at a new segment               an empty last segment          uses it                        the one before it is synced whole (S3)
//	between the two renames of     cursors.previous.json alone    starts from that               it claims only what is synced (H4)
//	the checkpoint
//	without a checkpoint, or with  —                              reads from the first line      the queues come out the same (H4)
//	a damaged or foreign one
//	during a removal               removed.json and old segments  removes them again             it names them before they are removed
//	during compression             a .tmp, or both forms          keeps the plain one            the plain one goes only after the other is durable (S6)
//	in recovery itself             a .tmp, or a batch twice       begins again, drops the copy   nothing of the old segment is changed before
//
// A copy of the folder that is made while a relay writes it has files of different
// moments. It opens, too: package journal has what is made of it.
//
// # Decisions
//
// JSONL is the queue. The files that record what happened are also what waits: there is
// no second store to keep in step with the first, to fsync, to recover or to run out of
// room. A crash leaves one truth. An operator sees with tail and jq what sidehook sees.
// A queue in memory is an index of the files, rebuilt from a checkpoint and the lines
// after it; a backlog costs disk, and some words of memory for each segment. The price
// is that a delivery which waits for long keeps a whole segment of 64 MiB, and that a
// start reads what was written since the last checkpoint. A database would index the
// same lines in memory of its own, and be one more thing to operate.
//
// A failed fsync ends the process. The kernel may have dropped the dirty pages and report
// success at the next call, so nobody can know what is on disk: another try could
// acknowledge an event that is lost. The process poisons the writer, refuses all that
// wait (503, so that clients post again), and exits with an error. The next start reads
// what is truly there, cuts off a torn write, and writes the last batch anew into
// another file, which is synced before it is used. A file whose sync failed is never
// written again (S4). A full disk is no such failure: the write fails before its sync,
// events are refused (507), and it goes on when there is room.
//
// Outcomes are written apart from events. An event must be durable before its answer, so
// clients wait for its sync. Nobody waits for an outcome: if it is lost, its attempt is
// made again under the same id. Outcomes are therefore written at once, but synced
// together twice a second, and the syncs of the events, on which throughput depends, do
// not carry their bytes. Retention removes both streams on their
// own: attempts of old events may go while an event waits. And while the disk is full
// there is still room for outcomes, which is reserved, so that deliveries can end and
// make room. A delivery ends when its record is written; H3 has what a crash costs.
package history
