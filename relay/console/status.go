package console

import (
	"sidehook/relay/api"
	"sidehook/relay/console/view"
)

// status is the bar that every page has.
type status struct {
	Generation uint64
	MayEdit    bool
	Refused    []api.ConfigProblem // why the last edit of the file was rejected
	Held       []string            // files of include that have errors
	Closed     string              // why events are not accepted now; "": they are
	Troubles   []string            // others, a sentence each
}

func (h *Handler) status(r *request) status {
	s := status{MayEdit: r.mayEdit}
	if err := h.operator.Ready(); err != nil {
		s.Closed = view.Sentence(err.Error())
	}
	config := h.operator.Rejected()
	s.Generation = uint64(config.Generation)
	s.Refused, s.Held = config.Errors(), config.Refused
	for _, trouble := range config.Troubles {
		s.Troubles = append(s.Troubles, view.Sentence(trouble))
	}
	return s
}
