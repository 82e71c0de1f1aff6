package member

import (
	"context"
	"encoding/json"

	"sidehook/history/postgres/database"
	"sidehook/history/queue"
)

// RenameInEffect reports whether deliveries for a former name continue under a new one, by
// the files of the members. They do not if a member has a newer entry of the former name.
// It is not known until this member has seen its own last declaration.
func (m *Member) RenameInEffect(was, to string) (inEffect, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.seenLocked() {
		return false, false
	}
	return last(was, m.plan.renames) == last(to, m.plan.renames), true
}

// MayWait returns those of some webhooks for which deliveries may wait that were accepted
// before the call. It reads what owners have written, so they may have no owner.
func (m *Member) MayWait(ctx context.Context, webhooks []string) (list []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	rows := m.o.DB.Query(ctx, `SELECT n.name, coalesce(c.checkpoint, ''::bytea),
			EXISTS (SELECT FROM {schema}.targets t WHERE t.webhook = n.name AND t.seq > coalesce(c.covers_seq, 0) AND t.ends = 0)
		FROM unnest($1::text[]) AS n(name) LEFT JOIN {schema}.cursors c ON c.webhook = n.name`, database.Texts(webhooks))
	defer rows.Close()
	var name string
	var checkpoint []byte
	var waits bool
	for rows.Next(&name, &checkpoint, &waits) {
		if waits || pendingIn(checkpoint) {
			list = append(list, name)
		}
	}
	return list, rows.Close()
}

// pendingIn reports whether a checkpoint has deliveries that wait, or cannot be read.
func pendingIn(checkpoint []byte) bool {
	if len(checkpoint) == 0 {
		return false
	}
	var c queue.Checkpoint
	return json.Unmarshal(checkpoint, &c) != nil || c.Events > 0 || c.Unread > 0 || len(c.Waits) > 0
}
