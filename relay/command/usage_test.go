package command_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestWrongUsage: each wrong command line ends with code 2 and one line on stderr
// that says what to write instead.
func TestWrongUsage(t *testing.T) {
	const (
		time  = `must be a duration ago such as 24h or 7d, or a time such as 14:55, 2026-11-23, 2026-11-23 14:55:00 or 2026-11-23T14:55:00Z, not `
		limit = `--limit must be a whole number, 0 or more, not `
	)
	for name, c := range map[string]struct {
		args []string
		want string // between "sidehook: " and the hint
		see  string // the command of the hint
	}{
		"command":            {[]string{"histry"}, `unknown command "histry"; did you mean "history"?`, ""},
		"command of a group": {[]string{"webhook", "lst"}, `unknown command "lst"; did you mean "list"?`, "webhook"},
		"command of help":    {[]string{"help", "nothing"}, `unknown topic or command "nothing"; the topics are config, api, cluster, receivers, history, operating`, "help"},
		"topic":              {[]string{"help", "reciever"}, `unknown topic or command "reciever"; did you mean "receivers"?`, "help"},
		"validate":           {[]string{"validate"}, `unknown command "validate"; use sidehook check`, ""},
		"status":             {[]string{"status"}, `unknown command "status"; use sidehook webhook list`, ""},
		"logs":               {[]string{"logs", "-f"}, `unknown command "logs"; use sidehook history -f`, ""},
		"replay":             {[]string{"replay", "x"}, `unknown command "replay"; use sidehook resend, or webhook retry for what is waiting`, ""},
		"reload":             {[]string{"reload"}, `unknown command "reload"; webhooks.yaml is reloaded when it is saved; run sidehook check to check it`, ""},
		"pause":              {[]string{"pause", "crm"}, `unknown command "pause"; use sidehook webhook pause`, ""},
		"webhook delete":     {[]string{"webhook", "delete", "crm"}, `unknown command "delete"; use sidehook webhook remove`, "webhook"},
		"flag":               {[]string{"history", "--after", "1h"}, `unknown flag: --after`, "history"},

		"run argument":           {[]string{"run", "x"}, `unexpected argument "x"`, "run"},
		"demo argument":          {[]string{"demo", "x"}, `unexpected argument "x"`, "demo"},
		"check argument":         {[]string{"check", "x"}, `unexpected argument "x"`, "check"},
		"version argument":       {[]string{"version", "x"}, `unexpected argument "x"`, "version"},
		"webhook list argument":  {[]string{"webhook", "list", "x"}, `unexpected argument "x"`, "webhook list"},
		"history check argument": {[]string{"history", "check", "x"}, `unexpected argument "x"`, "history check"},
		"history stats argument": {[]string{"history", "stats", "a"}, `unexpected argument "a"`, "history stats"},
		"history arguments":      {[]string{"history", "a", "b"}, `expected one WEBHOOK; unexpected "b"`, "history"},
		"show arguments":         {[]string{"show", "a", "b"}, `expected one EVENT-ID; unexpected "b"`, "show"},
		"cancel arguments":       {[]string{"cancel", "a", "b"}, `expected one EVENT-ID; unexpected "b"`, "cancel"},

		"send without type":       {[]string{"send"}, `expected TYPE`, "send"},
		"test without name":       {[]string{"webhook", "test"}, `expected NAME`, "webhook test"},
		"retry without name":      {[]string{"webhook", "retry"}, `expected NAME`, "webhook retry"},
		"enable without name":     {[]string{"webhook", "enable"}, `expected NAME`, "webhook enable"},
		"cancel without event":    {[]string{"cancel"}, `expected EVENT-ID or --webhook`, "cancel"},
		"resend without event":    {[]string{"resend"}, `expected EVENT-ID, or --since with or without --webhook`, "resend"},
		"completion for no shell": {[]string{"completion"}, `expected SHELL`, "completion"},
		"completion for csh":      {[]string{"completion", "csh"}, `SHELL must be bash, zsh, fish or powershell, not "csh"`, "completion"},

		"show empty":           {[]string{"show", ""}, `EVENT-ID must not be empty`, "show"},
		"resend empty":         {[]string{"resend", "x", ""}, `EVENT-ID must not be empty`, "resend"},
		"cancel empty":         {[]string{"cancel", "", "--webhook", "a"}, `EVENT-ID must not be empty`, "cancel"},
		"history empty":        {[]string{"history", ""}, `WEBHOOK must not be empty`, "history"},
		"send with empty id":   {[]string{"send", "a", "--id", ""}, `--id must not be empty`, "send"},
		"send with empty data": {[]string{"send", "a", "--data", ""}, `--data must not be empty`, "send"},
		"send with half data": {[]string{"send", "a", "--data", `{"half`},
			`--data is not JSON: unexpected end of JSON input; quote a string twice: '"text"'`, "send"},

		"send attr":        {[]string{"send", "a", "--attr", "tenant"}, `--attr must be NAME=VALUE, not "tenant"`, "send"},
		"send attr twice":  {[]string{"send", "a", "--id", "x", "--attr", "id=y"}, `--attr: id is given already`, "send"},
		"send ndjson type": {[]string{"send", "a", "--ndjson", "-"}, `TYPE and --ndjson cannot be used together`, "send"},
		"send ndjson id":   {[]string{"send", "--ndjson", "-", "--id", "x"}, `--ndjson and --id cannot be used together`, "send"},
		"send ndjson file": {[]string{"send", "--ndjson", "x"}, `--ndjson must be @FILE, or - for standard input, not "x"`, "send"},

		"check print json":    {[]string{"check", "--print", "--json"}, `--print and --json cannot be used together`, "check"},
		"history follow":      {[]string{"history", "-f", "--until", "1h"}, `--until and --follow cannot be used together`, "history"},
		"resend to and all":   {[]string{"resend", "x", "--to", "a", "--all"}, `--to and --all cannot be used together`, "resend"},
		"resend event bulk":   {[]string{"resend", "x", "--webhook", "a", "--since", "1h"}, `EVENT-ID and --webhook cannot be used together`, "resend"},
		"resend all bulk":     {[]string{"resend", "--webhook", "a", "--since", "1h", "--all"}, `--all and --webhook cannot be used together`, "resend"},
		"resend two to bulk":  {[]string{"resend", "--webhook", "a", "--since", "1h", "--to", "a", "--to", "b"}, `--since allows one --to; unexpected "b"`, "resend"},
		"resend bulk":         {[]string{"resend", "--webhook", "a"}, `--webhook requires --since, such as --since 24h`, "resend"},
		"resend no-wait":      {[]string{"resend", "x", "--no-wait"}, `EVENT-ID and --no-wait cannot be used together`, "resend"},
		"resend since":        {[]string{"resend", "x", "--since", "1h"}, `EVENT-ID and --since cannot be used together`, "resend"},
		"resend status alone": {[]string{"resend", "--status", "failed"}, `--status requires --since`, "resend"},
		"resend bulk since":   {[]string{"resend", "--webhook", "a", "--since", "yesterday"}, `--since ` + time + `"yesterday"`, "resend"},
		"resend status":       {[]string{"resend", "--webhook", "a", "--since", "1h", "--status", "lost"}, `--status must be delivered, failed, exhausted, canceled or expired, not "lost"`, "resend"},
		"resend what waits":   {[]string{"resend", "--webhook", "a", "--since", "1h", "--status", "failed,retrying"}, `--status must be delivered, failed, exhausted, canceled or expired, not "retrying"`, "resend"},
		"cancel until":        {[]string{"cancel", "--webhook", "a", "--until", "yesterday"}, `--until ` + time + `"yesterday"`, "cancel"},
		"history since":       {[]string{"history", "--since", "yesterday"}, `--since ` + time + `"yesterday"`, "history"},
		"history stats since": {[]string{"history", "stats", "--since", "x"}, `--since ` + time + `"x"`, "history stats"},
		"history status":      {[]string{"history", "--status", "retrying,lost"}, `--status must be delivered, retrying, failed, exhausted, canceled or expired, not "lost"`, "history"},
		"events argument":     {[]string{"events", "x"}, `unexpected argument "x"`, "events"},
		"events choice":       {[]string{"events", "--unmatched", "--waiting"}, `--unmatched and --waiting cannot be used together`, "events"},
		"events limit":        {[]string{"events", "--limit", "-1"}, limit + `-1`, "events"},
		"history code":        {[]string{"history", "--code", "6"}, `--code must be an HTTP status such as 503, or a class of them such as 5xx, not "6"`, "history"},
		"history unresolved":  {[]string{"history", "-f", "--unresolved"}, `--unresolved and --follow cannot be used together`, "history"},
		"history type":        {[]string{"history", "--type", "order.ship*"}, `--type: * and ** stand for whole words, and "ship*" mixes them with letters`, "history"},
		"history span":        {[]string{"history", "--since", "2026-11-23T14:00:00Z", "--until", "2026-11-23T13:00:00Z"}, `--until 2026-11-23 13:00:00 +00:00 is before --since 2026-11-23 14:00:00 +00:00`, "history"},
		"list state":          {[]string{"webhook", "list", "--state", "off,bad"}, `--state must be active, failing, throttled, paused, off, disabled or orphaned, not "bad"`, "webhook list"},
		"history limit":       {[]string{"history", "--limit", "x"}, limit + `x`, "history"},
		"history limit -1":    {[]string{"history", "--limit", "-1"}, limit + `-1`, "history"},
		"run log-format":      {[]string{"run", "--log-format", "xml"}, `--log-format must be text or json, not "xml"`, "run"},
		"run log-level":       {[]string{"run", "--log-level", "loud"}, `--log-level must be debug, info, warn or error, not "loud"`, "run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			cmd := exec.CommandContext(t.Context(), "sidehook", c.args...)
			cmd.Env = append(os.Environ(), "TZ=UTC")
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			command := "sidehook"
			if c.see != "" {
				command += " " + c.see
			}
			want := "sidehook: " + c.want + "; see " + command + " --help\n"
			if cmd.ProcessState.ExitCode() != 2 || stderr.String() != want || stdout.Len() > 0 {
				t.Errorf("%v, %v, stdout %q, stderr\n%swant\n%s", c.args, err, &stdout, &stderr, want)
			}
		})
	}
}
