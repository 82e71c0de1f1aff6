// Prove repeats the experiments that hold the promises of the README, and prints them as
// a table:
//
//	go run ./relay/prove           each a few times, in some minutes
//	go run ./relay/prove -long     over two thousand kills, a thousand power cuts; hours
//	go run ./relay/prove -only kill
//	go run ./relay/prove -teeth    builds with one bug each: the tests must find it
//
// An experiment is a test of this module, run by go test as often as is wanted. It counts
// by itself what it has done (testing.T.Attr):
//
//	times         how often the fault was made to happen
//	acknowledged  how many events were answered with 202
//	repeated      how many requests came again
//
// What was acknowledged and is lost fails the test, and with it this program. A test that
// cannot run here says why, as it does under go test: it needs root, a volume, PostgreSQL.
package main
