package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// measureWaiting has events wait for a webhook that is paused, kills sidehook, and starts
// it again.
func (b *bench) measureWaiting() error {
	r := row{system: "sidehook", load: load{connections: 4, batch: 1000, most: b.waiting}}
	dir, err := os.MkdirTemp(b.dir, "waiting-")
	if err != nil {
		return err
	}
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	file := webhooks(r, addr, "127.0.0.1:9")
	file = "history: {max_size: 100GiB}\n" + file[:len(file)-len("}\n")] + ", paused: true}\n"
	first, err := b.startSidehook(dir, addr, file)
	if err != nil {
		return err
	}
	l := r.load
	l.target = first.url
	sent, err := l.run(time.Hour)
	if err == nil && sent.refused > 0 {
		err = fmt.Errorf("%d events were refused, the last with %d", sent.refused, sent.status)
	}
	if err != nil {
		first.cmd.Process.Kill()
		return err
	}
	peak := first.peak()
	first.cmd.Process.Kill()
	first.cmd.Wait()
	begun := time.Now()
	again, err := b.startSidehook(dir, addr, file)
	if err != nil {
		return err
	}
	defer again.stop()
	for {
		if resp, err := http.Get("http://" + addr + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(begun) > 5*time.Minute {
			return fmt.Errorf("sidehook is not ready after %v", time.Since(begun))
		}
		time.Sleep(time.Millisecond)
	}
	ready := time.Since(begun)
	fmt.Fprintln(b.out, "\nwaiting\n\n| events that wait | accepted/s | memory MiB | on disk GiB | ready after a kill -9 | memory then |")
	fmt.Fprintln(b.out, "| --- | --- | --- | --- | --- | --- |")
	fmt.Fprintf(b.out, "| %d | %.0f | %.0f | %.1f | %.2f s | %.0f |\n", sent.accepted, float64(sent.accepted)/sent.took.Seconds(), peak, sizeOf(dir)/(1<<30), ready.Seconds(), again.peak())
	return nil
}

// sizeOf is what the files below a folder have, in bytes.
func sizeOf(dir string) (bytes float64) {
	filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil {
			if info, err := entry.Info(); err == nil && !entry.IsDir() {
				bytes += float64(info.Size())
			}
		}
		return nil
	})
	return bytes
}
