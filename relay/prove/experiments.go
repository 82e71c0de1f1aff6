package main

// experiment is a fault, and the tests that make it happen.
type experiment struct {
	fault string
	pkg   string // below the module
	tests string // of the package, with | between
	long  int    // how often they run in a long run; 0: once
}

// experiments are in the order of the table.
var experiments = []experiment{
	// The process.
	{"kill -9 at a random instant, under load", "relay", "TestKills", 170},
	{"kill and power cut at random steps of the journal, with and without the cursors", "history/journal", "TestCrashes|TestCleanStopsRepeatNothing|TestRecoveryKilledThenPowerCut|TestRemovalCrashes|TestRetentionUnderPowerCuts|TestCompressCrash", 1},
	{"stop and start, under load", "relay", "TestStopUnderLoad|TestRateOverAKill", 20},
	{"stopped with SIGSTOP for longer than a request may take, under load", "relay", "TestSleep", 20},
	{"a second process on the same folder, under load, and five at once", "relay", "TestDoubleStart|TestStartsAtOnce", 20},
	{"the lock of a folder", "history/internal/vfs", "TestLock", 1},
	{"killed by the kernel for want of memory, under load", "relay", "TestKilledForMemory", 50},
	{"a flood of large events within 128 MiB, while the receivers hang", "relay", "TestFloodWithinMemory", 5},
	{"no descriptor left, for longer than a checkpoint is due", "relay", "TestDescriptors", 5},
	{"mixed load with a random nemesis (see the package comment)", "relay", "TestSoak", 1},

	// The disk.
	{"power cut of ext4, under load", "relay", "TestPowerCuts", 250},
	{"power cut at each step, every unsynced byte, name and size there or not", "history/internal/segment", "TestPowerCuts|TestPackCrashes|TestStops", 1},
	{"a tail torn at every byte", "history/internal/segment", "TestTornAtEveryByte", 1},
	{"every bit flipped", "history/internal/segment", "TestEveryBit", 1},
	{"zeros over every range of 1, 16, 512 bytes and to the end", "history/internal/segment", "TestEveryRange", 1},
	{"damaged lines, pages and compressed frames", "history/internal/segment", "TestDamage|TestDamagedFrame", 1},
	{"segments missing: the first, some between, the last, all", "history/journal", "TestMissingSegments|TestMissingDeliveries", 1},
	{"foreign files in the folder: copies, links, folders, segments of another history", "history/journal", "TestForeignFiles|TestSegmentOfAnotherHistory", 1},
	{"a write or fsync that fails", "history/journal", "TestFailedSyncEndsIt|TestFailedOutcomesEndIt|TestFailedCursorsEndIt|TestNothingIsAcknowledgedBehindAFailure", 1},
	{"an fsync that fails for real, and would succeed the next time", "relay", "TestFsyncFails", 30},
	{"a file of the history deleted, moved, replaced, cut or appended to while it is written", "history/journal", "TestDeletedFileEndsIt|TestModifiedExternally|TestModifiedWhileIdle", 1},
	{"the folder moved, replaced, mounted over or deleted, under load", "relay", "TestFolderTaken", 10},
	{"a full volume, of bytes and of inodes", "relay", "TestFullVolume|TestNoInodes", 10},
	{"a frozen volume, a read-only one", "relay", "TestFrozenVolume|TestReadOnlyVolume", 10},

	// The clock and the receivers.
	{"a clock that jumps, a stop of months", "history/journal", "TestClockJumps|TestClockAcrossAStop|TestLongStop", 1},
	{"hostile receivers: HTTP, TLS, DNS, proxies", "relay/send", "TestHostile.*|TestHTTP2Window", 1},
	{"one receiver that hangs, ninety-nine that do not", "relay/deliver", "TestIsolation", 1},

	// Callers and secrets.
	{"ten thousand slow clients, beside others", "relay", "TestManySlowClients", 5},
	{"slow clients, and more connections than are allowed", "relay/httpd", "TestSlowClients|TestSlowReader|TestConnectionLimit", 1},
	{"a secret planted in every place that may have one", "relay/send", "TestSecretsStayOut", 1},
	{"such secrets through deliveries, edits, commands, a kill and a dump of the program", "relay", "TestCanary", 5},

	// A cluster.
	{"sidecars of a cluster killed, stopped and frozen, under load", "relay", "TestNemesesOfSidecars", 6},
	{"the primary killed, paused, restarted, its standbys gone", "relay", "TestNemesesOfDatabase", 6},
	{"connections cut during commits, PgBouncer", "relay", "TestNemesesOfConnections", 6},
	{"a sidecar and the primary cut off by the network", "relay", "TestNemesesOfNetwork", 6},
	{"the database's disk full", "relay", "TestNemesesOfDisk", 6},
	{"locked rows and open snapshots in the database, a clock that is set", "relay", "TestNemesesOfOperators", 6},
}
