package command

import (
	"errors"

	"sidehook/relay/command/names"
)

// unknownWebhook says that there is no webhook of a name, with the nearest one.
func unknownWebhook(name string, known []string) error {
	return errors.New(names.UnknownWebhook(name, known))
}

// sayUnknownType says that a glob can match no type of the catalogue.
func (c *cli) sayUnknownType(glob string) {
	if glob == "" {
		return
	}
	if unknown := c.known().UnknownType(glob); unknown != "" {
		c.err.Noticef("%s", unknown)
	}
}
