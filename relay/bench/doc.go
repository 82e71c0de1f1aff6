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
//	accepting, in net/http        20.7      16     16.6      16
//	accepting: read, check        12.2      15      2.0       4
//	batches, deduplicated          5.7       2      1.4       0
//	fdatasync                      3.5       0      1.8       0
//	sending, in net/http          33.4      40     25.9      44
//	sending: claim, sign, judge   17.8      24      5.5      19
//	outcomes                       1.1       0        -       -
//	index of what was written      8.9      22        -       -
//	garbage collector              5.1       -      3.1       -
//	scheduler                      4.7       -      3.8       -
//	all                          113.4     119     60.3      83
//
// The heap profile is a sample, and shows fewer of the smallest allocations than there
// are. The benchmarks of the packages count all of them: 92 an accept, of which 82 are
// those of net/http, and 102 a delivery, of which 67 are those of a bare http.Post.
// System calls are those of the yardstick, by strace -c -f: a read and a write an
// exchange, two reads that find nothing, and 0.035 fdatasyncs an event. net/http is
// half of sidehook's CPU, and two thirds of the yardstick's.
package main
