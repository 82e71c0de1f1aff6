// Package memory finds out how much memory the process may have: by GOMEMLIMIT,
// and by the cgroups that it is in, whose limit it is killed for.
//
// Command run asks once, at the start. A limit that is changed while it runs
// counts from the next start on.
package memory

import (
	"bufio"
	"bytes"
	"io/fs"
	"log/slog"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// Limit is how much memory the process may have. The zero Limit is none.
type Limit struct {
	Bytes  int64
	Source string // what says so: GOMEMLIMIT, or the path of a file
}

// lower is the lower one of two limits.
func (l Limit) lower(other Limit) Limit {
	if l.Bytes == 0 || other.Bytes > 0 && other.Bytes < l.Bytes {
		return other
	}
	return l
}

// Heed finds the limit that is in force and has the garbage collector keep to
// it, unless GOMEMLIMIT already does.
func Heed(root fs.FS, log *slog.Logger) Limit {
	goLimit := Limit{debug.SetMemoryLimit(-1), "GOMEMLIMIT"}
	if goLimit.Bytes == math.MaxInt64 {
		goLimit = Limit{}
	}
	group := Cgroup(root)
	if group.Bytes > 0 && goLimit.Bytes == 0 {
		debug.SetMemoryLimit(group.ofGo())
	}
	limit := goLimit.lower(group)
	if limit.Bytes > 0 {
		log.Info("memory is limited", "bytes", limit.Bytes, "by", limit.Source, "bodies", limit.Bodies())
	}
	return limit
}

// ofGo leaves a fifth to what the Go runtime does not count: the code, and the
// kernel's buffers of files and sockets.
func (l Limit) ofGo() int64 { return l.Bytes / 5 * 4 }

const (
	mostBodies  = 64 << 20
	leastBodies = 2 << 20
	// base is what the process takes when nothing is under way.
	base = 32 << 20
)

// Bodies is how many bytes of events may be under way to receivers: a quarter of
// what the process has beside its own. As many are for what is read from apps,
// and half of it for what is kept of lines and events that wait; the rest is the
// garbage collector's.
func (l Limit) Bodies() int64 {
	if l.Bytes == 0 {
		return mostBodies
	}
	return min(max((l.Bytes-base)/4, leastBodies), mostBodies)
}

// Request is what each request under way counts for at least among the bodies,
// where memory is limited: it takes some 40 KiB without a body, so that ten
// thousand webhooks whose receivers hang would take gigabytes.
func (l Limit) Request() int64 {
	if l.Bytes == 0 {
		return 0
	}
	return 16 << 10
}

// Cgroup is the lowest limit of the process's cgroups and of those around them,
// of either version.
func Cgroup(root fs.FS) (limit Limit) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return Limit{}
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		// HIERARCHY:CONTROLLERS:PATH
		fields := strings.SplitN(lines.Text(), ":", 3)
		switch {
		case len(fields) < 3:
		case fields[1] == "":
			for _, mount := range [...]string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} {
				limit = limit.lower(along(root, mount, fields[2], "memory.max", "memory.high"))
			}
		case strings.Contains(","+fields[1]+",", ",memory,"):
			limit = limit.lower(along(root, "sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes"))
		}
	}
	return limit
}

// along is the lowest limit from a cgroup up to the top. In a container the path
// may be as the host sees it: then what is there of it is at the top.
func along(root fs.FS, mount, group string, files ...string) (limit Limit) {
	for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
		for _, file := range files {
			limit = limit.lower(read(root, path.Join(mount, dir, file)))
		}
		if dir == "/" {
			return limit
		}
	}
}

// unlimited is more than any machine has: version 1 says "none" by such numbers.
const unlimited = 1 << 60

// read is the limit in a file; none if it is not there, or says "max".
func read(root fs.FS, name string) Limit {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return Limit{}
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil || n <= 0 || n >= unlimited {
		return Limit{}
	}
	return Limit{n, "/" + name}
}
