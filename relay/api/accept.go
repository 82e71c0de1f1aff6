package api

import "sidehook/history"

// AcceptRequest asks to record damage of the history as known: problems that a
// check has found, with the names of their files in history.dir.
type AcceptRequest struct {
	Problems []history.Problem `json:"problems"`
}

// DamageAccepted is the answer to an AcceptRequest.
type DamageAccepted struct {
	Count int `json:"accepted"`
}
