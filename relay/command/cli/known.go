package cli

import (
	"sidehook/config"
	"sidehook/relay/command/names"
)

// Known returns what the file declares, nothing if it has errors: it may be in the
// middle of an edit.
func (p *Program) Known() names.Known {
	path, err := config.Find(p.Config)
	if err != nil {
		return names.Known{}
	}
	return names.Of(config.Read(path, config.Check).File)
}

// SayUnknownType says that a glob can match no type of the catalogue.
func (p *Program) SayUnknownType(glob string) {
	if glob == "" {
		return
	}
	if unknown := p.Known().UnknownType(glob); unknown != "" {
		p.Err.Noticef("%s", unknown)
	}
}
