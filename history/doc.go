// Package history is the vocabulary of the history: the records of what was
// accepted (EventRecord) and of what became of it (DeliveryRecord), attempts,
// statuses and states of webhooks, each declared once, and how they stand in the
// files. It opens no file itself:
//
//	queue     the pending deliveries of one webhook, over any storage
//	journal   the files, and the only writer of them
//	query     reading: attempts, events, traces, statistics, following
//	verify    checking every line
//
// A folder holds two streams of segments (package jsonl has the lines):
//
//	events-N.jsonl       what was accepted: events, and resends of events
//	deliveries-N.jsonl   what became of it: attempts, the configurations they
//	                     were made under, the states that webhooks were put into
//	events.jsonl, deliveries.jsonl   symlinks to the segments being written
//	cursors.json         where each webhook stands, and cursors.previous.json,
//	                     how its attempts have gone of late (FailureStreak), and what
//	                     the wall clock did (clock)
//	removed.json         the seqs whose segments retention has removed, and
//	                     removed-deliveries.json, the same for the deliveries
//	NAME.jsonl.zst       a finished segment, compressed (segment.S6)
//	NAME.idx             the index of a finished segment (package index)
//	NAME.torn            bytes that a crash left half-written, cut off NAME; they
//	                     go with the segment NAME
//	damage.json          the damage that history check --accept took as known
//	FORMAT, lock
//
// Glossary: a delivery is one event for one webhook; an attempt is one request
// of it; a resend is another delivery of the same event. A delivery is pending
// until a record ends it: delivered, failed, exhausted, expired or canceled.
//
//	          accepted
//	             |
//	          pending  -- claim -->  in flight  -- delivered, failed, exhausted --> ended
//	          |     ^                    |
//	expired, canceled |             retry, release
//	          v     |                    v
//	        ended   +---- due ------ scheduled  -- expired, canceled --> ended
package history
