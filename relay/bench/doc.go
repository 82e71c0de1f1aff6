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
//
// Where the time and the allocations of an event of "requests" go, by pprof in one run on
// 2026-11-30, on two cores:
//
//	                            sidehook         yardstick
//	                            CPU µs  allocs   CPU µs  allocs
//	accepting: HTTP                7.3       0     17.0      17
//	accepting: read, check         8.6       4      2.2       3
//	batches, deduplicated          3.6       0      2.0       0
//	fdatasync                      3.2       0      1.9       0
//	sending: HTTP                 16.3      14     28.0      41
//	sending: claim, sign, judge   14.2      14      5.9      17
//	outcomes                       1.7       0        -       -
//	index of what was written      2.6       0        -       -
//	garbage collector              2.2       -      3.2       -
//	scheduler                      2.4       -      3.6       -
//	all                           62.3      33     64.0      78
//
// The heap profile is a sample, and shows fewer of the smallest allocations than there
// are: BenchmarkDeliver of package deliver counts 62 a delivery, its receiver's included.
//
// The yardstick is net/http on both sides. sidehook is not, where there is much to do: it
// answers plain requests (package plain), and makes requests over HTTP/1.1 (package http1),
// each in one goroutine. net/http has two for a request that it answers and three for one
// that it makes, which wait for each other.
package main
