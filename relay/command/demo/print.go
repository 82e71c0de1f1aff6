package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"sidehook/config"
	"sidehook/relay/api"
	"sidehook/relay/command/terminal"
	"sidehook/relay/shell"
)

func (d *demo) title(text string) {
	d.Screen.Line()
	d.Screen.Line(d.Screen.Paint(terminal.Bold, terminal.Clean(text)))
}

// step prints a line of the current part, with the time since the demo began.
func (d *demo) step(at time.Time, row ...terminal.Cell) {
	since := terminal.Faint.Cell(fmt.Sprintf("%6.2fs", at.Sub(d.began).Seconds()))
	d.steps.PrintRow(append([]terminal.Cell{since}, row...)...)
}

func (d *demo) introduce(file *config.File) {
	d.Screen.Linef("A relay and an HTTPS receiver run in this process. Their files are in")
	d.Screen.Linef("%s", d.dir)
	d.title("webhooks.yaml says which webhook gets which events")
	t := terminal.Table{To: d.Screen}
	for _, w := range file.Webhooks {
		t.Add(terminal.Bold.Cell(" "+w.Name), terminal.Normal.Cell(strings.Join(w.Events, ", ")), terminal.Faint.Cell(w.Description))
	}
	t.Print()
}

// post posts an event as an application does, and checks the answer.
func (d *demo) post(ctx context.Context, app *http.Client, address string, e postedEvent) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+api.EventsPath, bytes.NewReader(e.body))
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
	var accepted api.Receipt
	if err := json.Unmarshal(answer, &accepted); err != nil || resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the relay answered %s: %s", resp.Status, answer)
	}
	to := strings.Join(accepted.Webhooks, ", ")
	if accepted.ID != e.id || to != e.to {
		return fmt.Errorf("the relay accepted it as %q for %s, want %q for %s", accepted.ID, to, e.id, e.to)
	}
	d.step(time.Now(), terminal.Normal.Cell(e.typ), terminal.Green.Cell("202: on disk, for "+to))
	return nil
}

// received prints how the receiver answered a request.
func (d *demo) received(r receipt) {
	verdict := terminal.Green.Cell(fmt.Sprintf("attempt %d: %s OK, %d", r.attempt, r.scheme, r.code))
	switch {
	case r.problem != nil:
		verdict = terminal.Red.Cell(fmt.Sprintf("attempt %d: %s", r.attempt, r.problem))
	case r.code != http.StatusOK:
		verdict = terminal.Yellow.Cell(fmt.Sprintf("attempt %d: %d, on purpose", r.attempt, r.code))
	}
	d.step(r.at, terminal.Bold.Cell(r.webhook), terminal.Normal.Cell(r.typ), verdict)
}

// conclude prints the history and the next commands.
func (d *demo) conclude() error {
	d.title("The history has every attempt")
	dir := filepath.Join(d.dir, "history")
	if err := d.ListAttempts(dir); err != nil {
		return err
	}
	file := " --config " + shell.Quote(d.path)
	d.commands("To look closer",
		d.Program+" history"+file,
		d.Program+" show order-4711-paid"+file,
		"tail "+shell.Quote(filepath.Join(dir, "deliveries.jsonl")))
	d.commands("To send to your own webhooks",
		"cp webhooks.example.yaml webhooks.yaml   # keep what you need",
		d.Program+" check",
		d.Program+" run")
	return nil
}

func (d *demo) commands(title string, lines ...string) {
	d.title(title)
	for _, line := range lines {
		d.Screen.Linef("  %s", line)
	}
}
