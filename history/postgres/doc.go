// Package postgres is the history in PostgreSQL, shared by the relays of a cluster. It
// is an engine like package journal, which has the history as files, and stores the
// same records: a line of a table is the part between the head and the checksum of
// a line of a file, made and read by the codecs of package history.
//
//	accept        events, resends and renames made durable, with group commit
//	book          what waits, read for the queues
//	ledger        what became of deliveries, and checkpoints, written
//	archive       reading: attempts, events, traces, statistics
//	retention     partitions made ahead, and the oldest removed
//	transfer      import from files, and export to them
//	columns       what tables have of a record beside its line
//	member        leases, owners, and the queues of what a member owns
//	database      the connections and the schema (SQL)
//	spool         events in files while the database is away
//	postgrestest  a server for tests
//
// # Tables
//
// They are in one schema, in database/sql. Times in a column `at`, `since` or `written`
// are Unix nanoseconds of the database's clock.
//
//	table        what                                        written by
//	meta         one row: the version, the cluster's id;     cluster init, import
//	             importing: what an import has begun
//	head         for each stream the last number, the first  accept (events, ids), the ledger
//	             number without a partition, and how wide    (attempts); width: retention
//	             new partitions are
//	parts        for each stream the partitions there are,   grow, retention
//	             and whether minutes has its attempts
//	events       the stream of the events: an event, or the  accept
//	             resend of one (a rename is a resend)
//	targets      which webhooks a record of events is for;   accept
//	             ends: of a rename, the seq of the delivery
//	             that it ends for the webhook, which is the
//	             former name. Partitions as those of events
//	ids          what finds repeats: a hash of source and    accept
//	             id, one of the content, seq and webhooks
//	             of the first acceptance, and which batch
//	             it came with
//	attempts     the stream of the deliveries: attempts, and the ledger
//	             the states of webhooks (kind). skew is the
//	             database's time minus that of the clock which
//	             the times in the line are of; took and
//	             counts are what statistics need
//	minutes      the attempts of a partition that is         retention
//	             filled, counted by webhook and minute, for
//	             statistics. n is the first of the partition
//	configs      for each webhook and generation the line    the ledger
//	             of its configuration
//	cursors      for each webhook its owner and epoch, its   the owner
//	             checkpoint, and what that covers; refs: the
//	             records that it needs, as runs (first and
//	             last seq of each); figures for the others
//	members      the relays: incarnation, last beat, lease,  each its own row
//	             the last batch of its ledger, its file
//	generations  the configurations, numbered                who changes its file
//	asks         actions on a webhook of another owner, and  who asks; the owner answers
//	             the answers
//
// events, targets, ids and attempts are partitioned by their number. A partition of
// events has the name events_FIRST, and so on; parts has those there are. A partition
// is made while the one before is half full, by the transaction that fills it.
//
// A number is locked while it is given: lock_stream('events') is held by accept until
// its commit, lock_stream('attempts') by the ledger.
//
// # Invariants
//
//	P1  The numbers of events, ids and attempts have no gaps, and are in the order of
//	    their commits: who reads a number has read, or can read, all before it.
//	P2  A row of events, targets, ids, attempts and configs is never changed. It goes
//	    with its partition.
//	P3  A record of events, its targets and its ids are committed together, with all
//	    records of their request or with none.
//	P4  A receipt is given after a commit that covers it without a notice, also the
//	    receipt of a repeat: each accept writes, so that its commit waits for what came
//	    before.
//	P5  The commit of an accept or of the ledger is never canceled by us: PostgreSQL
//	    answers a canceled wait for the standby as if it had committed. A connection
//	    that is cut leaves it running. So a function that may be called again meanwhile
//	    waits for a lock no longer than its lock_timeout.
//	P6  An event is a duplicate, or a conflict, if its source and id are among those of
//	    the last 100,000 events. Retention keeps the partitions of ids that these need,
//	    whatever becomes of the events.
//	P7  A resend is accepted only while its event is there. Retention removes a
//	    partition under lock_stream('events'), after it has seen that no record above
//	    what the checkpoints cover refers to it, and no checkpoint does (refs).
//	P8  One member at a time owns a webhook. What it records is committed with a lock on
//	    the row of cursors, if owner, incarnation and epoch are still its own; else the
//	    lines are late, and have no effect on the queue.
//	P9  A checkpoint covers the attempts up to covers_n and the records up to covers_seq,
//	    and nothing else.
//	P10 An accept is made again while it may not be committed. It has the number of its
//	    batch each time, which distinguishes what it has committed before from what
//	    others have: its requests get the same answers as the first time.
//	P11 Nothing is kept in a session: no prepared statement, setting, or lock but those
//	    of a transaction. So PgBouncer may be used, in transaction mode.
//	P12 A delivery is moved to a new name once, whatever an owner believes: accept looks
//	    for a rename that has ended it.
//
// # Plans
//
// A table that is empty today is large tomorrow, and statistics come late. The
// statements in functions therefore have one plan that is right for large tables: SET
// on the function forbids scans of whole tables, and jit is off.
package postgres
