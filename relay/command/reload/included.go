package reload

import "sidehook/config"

// refusal is a file of include that holds itself up.
type refusal struct {
	errors   string // of its last version
	rejected int    // versions
}

// refuseIncluded logs which files of include are refused, each with its first problem,
// when that begins and when its errors change, and which are accepted again.
func (e *Reloader) refuseIncluded(file *config.File) {
	before := e.included
	e.included = make(map[string]*refusal)
	logged, omitted := 0, 0
	for _, in := range file.Refused() {
		now := &refusal{errors: in.Problems.Error(), rejected: 1}
		e.included[in.Path] = now
		if last := before[in.Path]; last != nil {
			now.rejected = last.rejected
			if last.errors == now.errors {
				continue
			}
			now.rejected++
		}
		if logged == mostProblems {
			omitted++
			continue
		}
		logged++
		message := "file of include rejected; still using its previous version"
		if in.Missing() {
			message = "file of include rejected; its webhooks are missing"
		}
		e.log.Warn(message, append([]any{"file", in.Path}, fields("error", in.FirstProblem())...)...)
	}
	if omitted > 0 {
		e.log.Warn("more files of include rejected; run sidehook check to see all", "count", omitted)
	}
	for path, last := range before {
		if e.included[path] == nil {
			e.log.Info("file of include no longer rejected", "file", path, "rejected", last.rejected)
		}
	}
}
