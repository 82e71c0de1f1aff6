// Sidehook sends an application's events to webhooks: signed, retried until
// they arrive, and each on disk before it is acknowledged.
//
//	sidehook demo                        see it work, on this machine alone
//	sidehook check                       say what is wrong with webhooks.yaml
//	sidehook run                         run the relay
//	sidehook send TYPE --data '{}'       post an event to it
//	sidehook history -f                  follow what becomes of the events
//	sidehook help [TOPIC | COMMAND]      the manual, or how a command is used
package main

import (
	"os"

	"sidehook/relay/command"
)

func main() { os.Exit(command.Main(os.Args[1:])) }
