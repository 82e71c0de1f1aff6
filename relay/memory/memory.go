// Package memory finds the memory limit of the process: GOMEMLIMIT, or the limit of its
// cgroups, beyond which the kernel kills it. It also sets how much garbage there may be.
//
// Command run asks once, at the start. A limit that changes later takes effect at the
// next start.
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

// Limit is the memory that the process may have. The zero Limit means no limit.
type Limit struct {
	Bytes  int64
	Source string // GOMEMLIMIT, or the path of the file that has it
}

// lower returns the lower of two limits.
func (l Limit) lower(other Limit) Limit {
	if l.Bytes == 0 || other.Bytes > 0 && other.Bytes < l.Bytes {
		return other
	}
	return l
}

// Heed returns the limit in force, and makes the garbage collector respect it, unless
// GOMEMLIMIT already does.
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

// ofGo leaves a fifth for what the Go runtime does not count: code, and the kernel's
// buffers of files and sockets.
func (l Limit) ofGo() int64 { return l.Bytes / 5 * 4 }

const (
	mostBodies  = 64 << 20
	leastBodies = 2 << 20
	// base is the memory of an idle process.
	base = 32 << 20
)

// Bodies returns how many bytes of events may be in flight to receivers: a quarter of
// the memory beyond base. Bodies that are read from applications have as much, the
// records and events that wait have half as much, and the rest is for the garbage
// collector.
func (l Limit) Bodies() int64 {
	if l.Bytes == 0 {
		return mostBodies
	}
	return min(max((l.Bytes-base)/4, leastBodies), mostBodies)
}

// Request returns what each request in flight counts at least among the bodies, if
// memory is limited: a request takes some 40 KiB without its body, so ten thousand
// webhooks with receivers that hang would take gigabytes.
func (l Limit) Request() int64 {
	if l.Bytes == 0 {
		return 0
	}
	return 16 << 10
}

// Cgroup returns the lowest limit of the process's cgroups and of their parents, of
// version 1 and 2.
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

// along returns the lowest limit from a cgroup up to the root. In a container, the path
// may be that of the host: then only the root exists.
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

// unlimited is more than any machine has: version 1 means no limit by such numbers.
const unlimited = 1 << 60

// read returns the limit in a file, none if it does not exist or has "max".
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
