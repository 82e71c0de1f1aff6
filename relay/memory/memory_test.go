package memory_test

import (
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
