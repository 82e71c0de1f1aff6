package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/history/query"
)

func (d *demo) title(text string) {
	d.out.line()
	d.out.line(d.out.paint(bold, text))
}

// step prints a line of what happens, with the time since the demo began.
func (d *demo) step(at time.Time, row ...cell) {
	d.steps.row(append([]cell{{fmt.Sprintf("%6.2fs", at.Sub(d.began).Seconds()), faint}}, row...)...)
}

func (d *demo) introduce(file *config.File) {
	d.out.linef("A relay and an HTTPS receiver run in this process. All that they leave is in")
	d.out.linef("%s", d.dir)
	d.title("webhooks.yaml declares who gets what")
	t := table{to: d.out}
	for _, w := range file.Webhooks {
		t.hold(cell{" " + w.Name, bold}, cell{strings.Join(w.Events, ", "), normal}, cell{w.Description, faint})
	}
	t.print()
}

// post posts an event as an application does, and checks the answer.
func (d *demo) post(ctx context.Context, app *http.Client, address string, e demoEvent) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/v1/events", bytes.NewReader(e.body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := app.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var accepted struct {
		ID       string
		Webhooks []string
	}
	if err := json.Unmarshal(answer, &accepted); err != nil || resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the relay answered %s: %s", resp.Status, answer)
	}
	to := strings.Join(accepted.Webhooks, ", ")
	if accepted.ID != e.id || to != e.to {
		return fmt.Errorf("the relay took it as %q for %s; it should be %q for %s", accepted.ID, to, e.id, e.to)
	}
	d.step(time.Now(), cell{e.typ, normal}, cell{"202: it is on disk, for " + to, green})
	return nil
}

// received prints what the receiver made of a request.
func (d *demo) received(r receipt) {
	verdict := cell{fmt.Sprintf("attempt %d: %s verifies, answers %d", r.attempt, r.scheme, r.code), green}
	switch {
	case r.problem != nil:
		verdict = cell{fmt.Sprintf("attempt %d: %s", r.attempt, r.problem), red}
	case r.code != http.StatusOK:
		verdict = cell{verdict.text + ": it fails this once", yellow}
	}
	d.step(r.at, cell{r.webhook, bold}, cell{r.typ, normal}, verdict)
}

// conclude prints what the history holds, and how to go on.
func (d *demo) conclude() error {
	d.title("The history has every attempt")
	reading, err := query.Open(filepath.Join(d.dir, "history"))
	if err != nil {
		return err
	}
	defer reading.Close()
	lines, err := newestAttempts(reading, query.Query{}, 20)
	if err != nil {
		return err
	}
	p := newAttemptPrinter(d.cli, listing{})
	if err := p.list(lines); err != nil {
		return err
	}
	program := "sidehook"
	if strings.Contains(os.Args[0], "go-build") {
		program = "go run ."
	}
	file := " --config " + quoted(d.path)
	d.commands("Look closer",
		program+" history"+file,
		program+" show order-4711-paid"+file,
		"tail "+quoted(filepath.Join(d.dir, "history", "deliveries.jsonl")))
	d.commands("Then with webhooks of your own",
		"cp webhooks.example.yaml webhooks.yaml   # and keep what you need",
		program+" check",
		program+" run")
	return nil
}

func (d *demo) commands(title string, lines ...string) {
	d.title(title)
	for _, line := range lines {
		d.out.linef("  %s", line)
	}
}
