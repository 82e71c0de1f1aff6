package member

import "context"

func (m *Member) listen(ctx context.Context)     {}
func (m *Member) tellOthers(ctx context.Context) {}
func (m *Member) tellNow()                       {}
