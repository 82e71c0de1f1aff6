package api

import "time"

// ConsoleLinkRequest asks for a link into the console. Both members may be left out.
type ConsoleLinkRequest struct {
	Edit bool   `json:"edit,omitempty"` // what the link leads to may change things
	Host string `json:"host,omitempty"` // in the link: a loopback name or address
}

// ConsoleLink is a link that signs a browser in, once.
type ConsoleLink struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}
