package command_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sidehook/history/historytest"
)

// TestResendBroken: a relay that dies during a bulk resend may have recorded a part
// of it, and the command says how to continue.
func TestResendBroken(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "webhooks.yaml"), []byte("listen: {http: off, socket: s}\nwebhooks: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := historytest.Generate(t.Context(), filepath.Join(folder, "history"), historytest.Options{Attempts: 200, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		t.Fatal(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/resend" && !bytes.Contains(body, []byte(`"dry_run":true`)) {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"state":"active","count":3,"events":["a"]}`)
	}))
	defer l.Close()
	resend := exec.Command("sidehook", "resend", "--webhook", "webhook-1", "--since", "9000d", "--status", "delivered,exhausted", "--yes")
	resend.Dir = folder
	out, err := resend.CombinedOutput()
	if err == nil || !strings.HasSuffix(string(out), "; what the relay has recorded continues when it runs; run the same command to resend the rest\n") {
		t.Errorf("%v: %s", err, out)
	}
}
