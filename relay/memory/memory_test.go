package memory_test

import (
	"bytes"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"

	"sidehook/relay/memory"
)

func TestCgroup(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name  string
		files map[string]string
		want  memory.Limit
	}{
		{"no cgroups", nil, memory.Limit{}},
		{"version 2", map[string]string{
			"proc/self/cgroup":                                        "0::/system.slice/sidehook.service\n",
			"sys/fs/cgroup/system.slice/memory.max":                   "max\n",
			"sys/fs/cgroup/system.slice/memory.high":                  "max\n",
			"sys/fs/cgroup/system.slice/sidehook.service/memory.max":  "268435456\n",
			"sys/fs/cgroup/system.slice/sidehook.service/memory.high": "max\n",
		}, memory.Limit{Bytes: 256 * mib, Source: "/sys/fs/cgroup/system.slice/sidehook.service/memory.max"}},
		{"version 2, high is lower", map[string]string{
			"proc/self/cgroup":            "0::/a\n",
			"sys/fs/cgroup/a/memory.max":  "268435456\n",
			"sys/fs/cgroup/a/memory.high": "134217728\n",
		}, memory.Limit{Bytes: 128 * mib, Source: "/sys/fs/cgroup/a/memory.high"}},
		{"version 2, a group around it is lower", map[string]string{
			"proc/self/cgroup":             "0::/a/b/c\n",
			"sys/fs/cgroup/a/memory.max":   "134217728\n",
			"sys/fs/cgroup/a/b/memory.max": "max\n",
			// c has no controller of memory, and no such file.
		}, memory.Limit{Bytes: 128 * mib, Source: "/sys/fs/cgroup/a/memory.max"}},
		{"version 2, in a container", map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "268435456\n",
		}, memory.Limit{Bytes: 256 * mib, Source: "/sys/fs/cgroup/memory.max"}},
		{"version 2, the host's path in a container", map[string]string{
			"proc/self/cgroup":         "0::/../../docker/0123\n",
			"sys/fs/cgroup/memory.max": "268435456\n",
		}, memory.Limit{Bytes: 256 * mib, Source: "/sys/fs/cgroup/memory.max"}},
		{"version 1", map[string]string{
			"proc/self/cgroup":                             "5:cpu,cpuacct:/y\n4:memory:/x\n1:name=systemd:/z\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "268435456\n",
			"sys/fs/cgroup/memory/y/memory.limit_in_bytes": "1048576\n",
		}, memory.Limit{Bytes: 256 * mib, Source: "/sys/fs/cgroup/memory/x/memory.limit_in_bytes"}},
		{"version 1, the host's path in a container", map[string]string{
			"proc/self/cgroup":                           "4:cpuset,memory:/docker/0123\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "134217728\n",
		}, memory.Limit{Bytes: 128 * mib, Source: "/sys/fs/cgroup/memory/memory.limit_in_bytes"}},
		{"both, memory in version 1", map[string]string{
			"proc/self/cgroup": "4:memory:/x\n0::/\n",
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "134217728\n",
		}, memory.Limit{Bytes: 128 * mib, Source: "/sys/fs/cgroup/memory/x/memory.limit_in_bytes"}},
		{"both, memory in version 2", map[string]string{
			"proc/self/cgroup":                   "1:name=systemd:/x\n0::/x\n",
			"sys/fs/cgroup/unified/x/memory.max": "134217728\n",
		}, memory.Limit{Bytes: 128 * mib, Source: "/sys/fs/cgroup/unified/x/memory.max"}},
		{"none", map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "max\n",
		}, memory.Limit{}},
		{"not a number", map[string]string{
			"proc/self/cgroup":         "nonsense\n0::/\n",
			"sys/fs/cgroup/memory.max": "lots\n",
		}, memory.Limit{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range c.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := memory.Cgroup(files); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// The lower one counts, and what the user said to the garbage collector stands.
func TestHeed(t *testing.T) {
	const none, mib = math.MaxInt64, 1 << 20
	for _, c := range []struct {
		name      string
		goLimit   int64
		group     string
		want      memory.Limit
		goLimited int64
	}{
		{"none", none, "max", memory.Limit{}, none},
		{"GOMEMLIMIT", 100 * mib, "max", memory.Limit{Bytes: 100 * mib, Source: "GOMEMLIMIT"}, 100 * mib},
		{"a cgroup", none, "104857600", memory.Limit{Bytes: 100 * mib, Source: "/sys/fs/cgroup/memory.max"}, 80 * mib},
		{"GOMEMLIMIT is lower", 50 * mib, "104857600", memory.Limit{Bytes: 50 * mib, Source: "GOMEMLIMIT"}, 50 * mib},
		{"the cgroup is lower", 200 * mib, "104857600", memory.Limit{Bytes: 100 * mib, Source: "/sys/fs/cgroup/memory.max"}, 200 * mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := debug.SetMemoryLimit(c.goLimit)
			defer debug.SetMemoryLimit(before)
			files := fstest.MapFS{
				"proc/self/cgroup":         {Data: []byte("0::/\n")},
				"sys/fs/cgroup/memory.max": {Data: []byte(c.group + "\n")},
			}
			var log bytes.Buffer
			if got := memory.Heed(files, slog.New(slog.NewTextHandler(&log, nil))); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got := debug.SetMemoryLimit(-1); got != c.goLimited {
				t.Errorf("the garbage collector keeps to %d, want %d", got, c.goLimited)
			}
			if said := log.String(); (c.want.Bytes > 0) != strings.Contains(said, "level=INFO") || !strings.Contains(said, c.want.Source) {
				t.Errorf("logged %q", said)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	const mib = 1 << 20
	for limit, want := range map[int64]int64{
		0:          64 * mib,
		4096 * mib: 64 * mib,
		256 * mib:  56 * mib,
		128 * mib:  24 * mib,
		64 * mib:   8 * mib,
		16 * mib:   2 * mib,
	} {
		if got := (memory.Limit{Bytes: limit}).Bodies(); got != want {
			t.Errorf("of %d MiB: got %d MiB, want %d MiB", limit/mib, got/mib, want/mib)
		}
	}
}
