package trouble

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestTroubleIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		var trouble Trouble
		fail := func(cause error) {
			for i := range 10 {
				err := fmt.Errorf("read record %d: %w", i, &fs.PathError{Op: "read", Path: "f", Err: cause})
				trouble.Met(log, "cannot read", err, "webhook", "a")
				trouble.Over(log, "can read again", "webhook", "a") // something else
				time.Sleep(time.Second)
			}
		}
		fail(syscall.EIO)
		fail(syscall.EACCES)
		time.Sleep(10 * time.Second)
		for range 2 {
			trouble.Over(log, "can read again", "webhook", "a")
		}
		fail(syscall.EIO)
		want := []string{
			`level=ERROR msg="cannot read" webhook=a error="read record 0: read f: input/output error"`,
			`level=ERROR msg="cannot read" webhook=a error="read record 0: read f: permission denied"`,
			`level=INFO msg="can read again" webhook=a failures=20 after=30s`,
			`level=ERROR msg="cannot read" webhook=a error="read record 0: read f: input/output error"`,
		}
		if got := strings.Split(strings.TrimSpace(out.String()), "\n"); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}
