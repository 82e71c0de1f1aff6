// Bench measures sidehook end to end on one machine: load, relay, receiver, all on
// loopback, beside what its figures are judged by, in turn and in one run.
//
//	go run ./relay/bench                      all but the last part, in some ten minutes
//	go run ./relay/bench -only requests,sizes parts of it
//	go run ./relay/bench -rounds 1 -time 2s   a quick look
//	go run ./relay/bench -only waiting        ten million events that wait; needs 5 GiB of disk
//
// The parts are
//
//	requests  one event of 1 KiB a request, 64 connections, as fast as they are answered
//	latency   200 events a second, each when it is due
//	batches   NDJSON of 100 events a request
//	fanout    each event to ten webhooks
//	webhooks  10 to 10,000 webhooks, each event to one of them
//	sizes     events of 16 and 256 KiB
//	waiting   memory, start and accepting with events that wait for a receiver
//
// and the systems
//
//	proxy      httputil.ReverseProxy: no storage, no signature. The ceiling of net/http
//	yardstick  the barest durable relay that net/http allows: see yardstick.go
//	sidehook   the binary as it is released, with its defaults
//
// Load and receiver are in this process, and share the machine's cores with the relay;
// they speak HTTP by hand so that they cost little. Machines are noisy, disks more than
// others: a figure means something beside another of the same run, so each row has its
// ratio to the yardstick's. CPU is the relay's process alone, kernel included.
package main
