package sign_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sidehook/relay/sign"
)

// oldestNode is what the libraries need.
const oldestNode = 20

// The official libraries that exist for Node are the judges of what is sent,
// and of what is changed on the way. They are brought by `npm ci` in the folder.
func TestNodeLibrariesVerify(t *testing.T) {
	dir := filepath.Join("testdata", "node")
	version, err := exec.Command("node", "--version").Output()
	if err != nil {
		t.Skipf("node is not here: %v", err)
	}
	major, _, _ := strings.Cut(strings.TrimPrefix(string(version), "v"), ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestNode {
		t.Skipf("node is %s, and the libraries need %d", strings.TrimSpace(string(version)), oldestNode)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skipf("the libraries are not here: run npm ci in relay/sign/%s", filepath.ToSlash(dir))
	}
	type request struct {
		Library string            `json:"library"`
		Secret  string            `json:"secret"`
		Headers map[string]string `json:"headers"`
		Body    []byte            `json:"body"`
	}
	var (
		requests []request
		refused  []bool
	)
	m := sign.Message{ID: message.ID, Type: "orders/create", Timestamp: time.Now()}
	for _, c := range []struct {
		library string
		scheme  sign.Scheme
		signers []string // the receiver has the last
	}{
		{"standardwebhooks", sign.Standard, []string{standardSecret}},
		{"standardwebhooks", sign.Standard, []string{seedSecret, oldSecret, standardSecret}},
		{"svix", sign.Standard, []string{oldSecret, standardSecret}},
		{"stripe", sign.Stripe, []string{standardSecret}},
		{"stripe", sign.Stripe, []string{plainSecret, standardSecret}},
		{"@octokit/webhooks-methods", sign.GitHub, []string{plainSecret}},
		{"@octokit/webhooks-methods", sign.GitHub, []string{standardSecret}},
		{"@shopify/shopify-api", sign.Shopify, []string{plainSecret}},
	} {
		for _, body := range []string{`{"id": 12345678901234567890, "object": "event", "text": "é\u00e9"}`, "{}"} {
			m.Body = []byte(body)
			r := request{Library: c.library, Secret: c.signers[len(c.signers)-1], Headers: map[string]string{}, Body: m.Body}
			for _, h := range signerOf(t, c.scheme, c.signers...).Append(nil, m) {
				r.Headers[strings.ToLower(h.Name)] = h.Value
			}
			changed := r
			changed.Body = append([]byte(body), ' ')
			requests, refused = append(requests, r, changed), append(refused, false, true)
		}
	}
	input, err := json.Marshal(requests)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "verify.mjs")
	var stderr bytes.Buffer
	node.Dir, node.Stdin, node.Stderr = dir, bytes.NewReader(input), &stderr
	output, err := node.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var answers []string
	if err := json.Unmarshal(output, &answers); err != nil || len(answers) != len(requests) {
		t.Fatalf("%v, %d answers to %d requests:\n%s", err, len(answers), len(requests), output)
	}
	for i, r := range requests {
		if got := answers[i] != ""; got != refused[i] {
			t.Errorf("%s: refused %v (%s), want %v: %q %v", r.Library, got, answers[i], refused[i], r.Body, r.Headers)
		}
	}
}
