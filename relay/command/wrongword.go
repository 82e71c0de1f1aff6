package command

// meant returns the command to use instead of a word that people know from other programs
// and that is no command here. It returns "" for any other word. group is "" at the top
// level.
func meant(group, word string) string {
	run := func(command string) string { return "use sidehook " + command }
	if group == "webhook" {
		switch word {
		case "ls", "status", "show", "get":
			return run("webhook list")
		case "create", "new":
			return run("webhook add")
		case "update", "set", "rename":
			return run("webhook edit")
		case "delete", "rm":
			return run("webhook remove")
		case "disable", "stop":
			return run("webhook off, or webhook pause to keep what is accepted meanwhile")
		case "unpause", "start":
			return run("webhook resume, or webhook on")
		case "history", "logs":
			return run("history NAME")
		case "ping":
			return run("webhook test")
		case "replay", "resend":
			return run("resend --webhook NAME --since TIME")
		}
		return ""
	}
	switch word {
	case "validate", "lint", "verify-config":
		return run("check")
	case "config":
		return run("check --print")
	case "status", "list", "ls", "webhooks", "endpoints":
		return run("webhook list")
	case "logs", "log", "tail", "attempts", "deliveries":
		return run("history -f")
	case "replay", "redeliver", "retry", "requeue":
		return run("resend, or webhook retry for what is waiting")
	case "reload":
		return "webhooks.yaml is reloaded when it is saved; run sidehook check to check it"
	case "start", "serve", "server", "daemon":
		return run("run")
	case "publish", "emit", "trigger", "post":
		return run("send")
	case "inspect", "get", "describe", "event":
		return run("show EVENT-ID")
	case "stats":
		return run("history stats")
	case "add", "edit", "remove", "on", "off", "pause", "resume", "enable", "test":
		return run("webhook " + word)
	}
	return ""
}
