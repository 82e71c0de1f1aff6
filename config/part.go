package config

import (
	"sidehook/config/files"
	"sidehook/config/include"
	"sidehook/config/yamlnode"
)

// Included is a file of include.
type Included = include.Included[*Webhook]

// part is the content of one file.
type part = include.Part[*Webhook]

func claimOf(name string, at *value, webhook string) include.Claim {
	return include.Claim{
		Name: name, Key: at.Key(), Webhook: webhook, File: at.File(),
		Index: at.Up.At, Line: at.Node.Line, Column: at.Node.Column,
	}
}

// part ends the reading of a file.
func (l *loader) part(whole bool, stamp ...files.Stamp) *part {
	return &part{
		Path: l.File(), Problems: include.OfFile(l.File(), l.Problems()), Bad: l.Errors() > 0, Partial: !whole,
		Hash: l.files.Hash(), Files: append(stamp, l.files.Stamps()...),
		Webhooks: l.file.Webhooks, Names: l.names, Former: l.former,
	}
}

// readIncluded reads a file of include, whose webhooks get the defaults of this one.
func (l *loader) readIncluded(path string, text []byte, stamp files.Stamp) *part {
	in := *l
	in.files = l.files.Beside(text)
	in.main, in.names, in.former = l.File(), nil, nil
	in.file = &File{History: l.file.History, EventTypes: l.file.EventTypes}
	in.Reader = yamlnode.NewReader(path, text, &in)
	root := in.Root()
	if root != nil {
		readKeys(&in, in.Pairs(root, "begin it with webhooks:"), in.tables.include, in.file)
	}
	return in.part(root != nil, stamp)
}
