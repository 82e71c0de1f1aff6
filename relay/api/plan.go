package api

// Plan is what an edit of webhooks.yaml would do.
type Plan struct {
	Added     []string       `json:"added"`
	Removed   []string       `json:"removed"`
	Renamed   []PlanRename   `json:"renamed"`
	Changed   []PlanChange   `json:"changed"`
	Restart   []string       `json:"restart"` // keys that only a restart puts in force
	Events    int            `json:"events"`  // that Counts and Failures are of
	Counts    []PlanCount    `json:"counts"`  // of the webhooks that get another number of events
	Failures  []PlanFailure  `json:"failures"`
	Unmatched PlanUnmatched  `json:"unmatched"`
	Waiting   map[string]int `json:"waiting,omitempty"` // deliveries by webhook; absent where no relay answers
}

// PlanRename is a webhook that gets another name by was.
type PlanRename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// PlanChange is a webhook whose entry changes.
type PlanChange struct {
	Webhook string   `json:"webhook"`
	Keys    []string `json:"keys"`
}

// PlanCount is how many of the events a webhook would have got.
type PlanCount struct {
	Webhook string `json:"webhook"`
	Before  int    `json:"before"`
	After   int    `json:"after"`
}

// PlanUnmatched is how many of the events no webhook would have got.
type PlanUnmatched struct {
	Before int `json:"before"`
	After  int `json:"after"`
}

// PlanFailure is an expression that fails for events, with the first of them.
type PlanFailure struct {
	Webhook string `json:"webhook"`
	Key     string `json:"key"`   // when or transform
	Event   string `json:"event"` // its id
	Reason  string `json:"reason"`
	Events  int    `json:"events"` // for which it fails
}
