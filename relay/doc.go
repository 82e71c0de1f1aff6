// Package relay is the process: it opens the history, listens, delivers, applies each
// configuration, and stops all of this in order. Only this package, operator, the commands
// and what is about the file itself (inforce, matching, plan, editing, fileedit) know
// config; intake and deliver do not know each other. Command run makes one Relay, runs it,
// and applies each stable edit of the file.
//
// # Goroutines
//
//	goroutine              started by       ends
//	Relay.Run              command run      when all of the following have ended
//	journal.Run            Run              when Run closes the journal, or on a failure of the disk
//	server.Run             Run              when serving is done and requests have been answered
//	  one a listener       server.Run       when its listener is closed
//	  one a connection     server.Run       with the connection, or when net/http serves it
//	  one a connection     net/http         with the connection
//	deliver.Run            Run              when serving is done and attempts have ended
//	  one a webhook or attempt, as needed   with deliver.Run
//	outboxes.Run           Run              when serving is done and its batches have been accepted
//	  one a database       outboxes.Run     when an edit removes the database, or with outboxes.Run
//	notices.Run            Run              when serving is done, after a last try to append
//	losses.Run             Run              when serving is done
//	console.Run            Run              when serving is done, also within a count
//	restoreLastHour        Run              when the last hour is read, or serving is done; in a cluster when serving is done
//	sweepOrphans           Run              when serving is done
//	keepRenaming           Run              when serving is done
//	request that waits     intake           Prefer: wait; with its request, or at a stop
//
// "serving" is a context that is done when Run's is, when the journal fails, or when the
// server ends. Run waits for each of them, except after a failure of the journal: then
// it waits for failureGrace. The config watcher and the watchdog belong to command run.
//
// # Start
//
//  1. journal.Open locks the folder and recovers it.
//  2. Apply puts the first configuration in force. Deliveries are not moved yet.
//  3. Rates continue from the requests in the history.
//  4. Run starts the journal, which writes what is appended.
//  5. Deliveries move to the new names of webhooks that were renamed while no process
//     ran: before events are accepted under the new names. In a cluster another member
//     may have to move them; then events under the new names wait for it.
//  6. Deliveries begin, the outboxes are read, and the listeners open. Opened is called: the process is ready.
//
// # Apply
//
// All that can fail comes first (prepare). What follows cannot fail, under Relay.mu, in
// this order:
//
//  1. The journal gets the limits of retention.
//  2. The configuration is in force for the API.
//  3. Orphaned queues whose webhook is in the file again are reclaimed.
//  4. deliver starts, changes and stops webhooks. Requests in flight go on as they began.
//     Then the engine is told of the configuration: a member of a cluster takes webhooks
//     that are in force.
//  5. Deliveries of renamed webhooks move: before intake matches the new names, so that
//     they stay ahead of later events. In a cluster they move at the end of Apply, and
//     until then the engine holds up events under the new names.
//  6. intake matches events by the new configuration, and the outboxes of its databases
//     are read.
//  7. Queues without a webhook become orphans, and all queues get their limits. In a
//     cluster that is at the end of Apply: when it is known what the files of others have.
//
// # A cluster
//
// The engine decides which webhooks this process delivers to: it calls hold after it has
// got the queue of one, and deliver.Drop before it gives one up. hold must not wait for
// Relay.mu, since the member's lease waits for it. Everything else that touches the queue
// of a webhook asks Owns before, and has the owner do it if that is another process.
//
// # Stop
//
//  1. ctx is done. The listeners close; requests that have begun are answered.
//  2. The journal refuses events (503). Rows of an outbox that it refuses wait there.
//  3. Requests in flight to receivers end. Those that take too long are canceled and
//     their deliveries released, as if the attempt had not been made.
//  4. The journal writes the outcomes that are left, syncs, and saves the checkpoint.
//  5. The folder is unlocked.
//
// Deliveries stop before the journal, because their outcomes must be written; listeners
// stop before both, because an accepted event must be durable.
//
// # Decisions
//
// Renames (was) are done once, durably, at the reload, rather than by a queue with two
// names. Each waiting delivery ends under the former name (canceled, renamed_to), and
// begins under the new one as a record of the events, in its order and ahead of later
// events. One batch is one write, so a crash leaves each delivery under exactly one name,
// and the same Apply finds the rest. Going back is another rename. A queue with two names
// would be a state of each queue, need an order between two of them, and race with a
// reload.
package relay
