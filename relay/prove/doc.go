// Prove repeats the experiments that hold the promises of the README, and prints them as
// a table:
//
//	go run ./relay/prove           each a few times, in some minutes
//	go run ./relay/prove -long     over two thousand kills, a thousand power cuts; some 35 minutes
//	go run ./relay/prove -only kill
//	go run ./relay/prove -teeth    builds with one bug each: the tests must find it
//
// A row is printed when its tests have ended, and a row of a run that is stopped has what
// was counted until then; it may leave a volume mounted below the folder for temporary
// files. An experiment is a test of this module, run by go test as often as is wanted. It
// counts by itself what it has done (testing.T.Attr):
//
//	times         how often the fault was made to happen; without it, how many cases ran
//	acknowledged  how many events were answered with 202
//	repeated      how many requests came again
//
// TestSoak has the program under a mixed load, and a nemesis at work that kills, stops and
// reconfigures it and breaks its receivers. It takes some seconds, or as long as
// SIDEHOOK_TEST_SOAK says (1h): then it prints memory, descriptors and goroutines of the
// second and of the last quarter, which must not have grown.
//
// What was acknowledged and is lost fails the test, and with it this program: "lost" is 0
// where the tests count what they acknowledge, "held" where they check something else. A
// test that cannot run here says why in its row, as it does under go test: it needs root, a
// volume, PostgreSQL.
package main
