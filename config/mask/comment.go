package mask

import (
	"bytes"
	"regexp"
	"strings"

	"sidehook/config/redact"
)

// comments masks what may be secrets in a part of the text that has no scalars, and so
// nothing but comments and punctuation.
func comments(text []byte) []byte {
	if !bytes.Contains(text, []byte("#")) {
		return text
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if at := strings.IndexByte(line, '#'); at >= 0 {
			lines[i] = line[:at] + comment(line[at:])
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

var (
	// told matches a word after which a comment may have a secret, such as in an entry
	// that was commented out.
	told = regexp.MustCompile(`(?i)(secret|token|passw\w*|authorization|cookie|credential|assertion|bearer|basic|[\w-]*key|[\w-]+-auth|proxy|url)["']?\s*[:=]?\s+\S|(whsec_|whsk_|://[^\s/]*@)\S`)
	// random matches a word that looks generated.
	random = regexp.MustCompile(`[A-Za-z0-9+/=_-]{16,}`)
)

func comment(text string) string {
	for _, found := range told.FindAllStringIndex(text, -1) {
		rest := text[found[1]-1:]
		word, _, _ := strings.Cut(rest, " ")
		assigned := strings.ContainsAny(text[found[0]:found[1]-1], ":=_@")
		if assigned && !IsReference(strings.Trim(word, `"',`)) {
			return text[:found[1]-1] + redact.Mask
		}
	}
	return random.ReplaceAllStringFunc(text, func(word string) string {
		if strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, func(r rune) bool { return r >= 'A' }) {
			return redact.Mask
		}
		return word
	})
}

// broken masks a text that is not valid YAML: keys that the file may have are shown, and
// values that are plainly none of its secrets.
func broken(text []byte) []byte {
	lines := strings.Split(string(text), "\n")
	within := -1 // the indentation of a key whose lines are hidden; -1: none
	for i, line := range lines {
		ending := ""
		if strings.HasSuffix(line, "\r") {
			line, ending = line[:len(line)-1], "\r"
		}
		content := strings.TrimLeft(line, " ")
		if strings.TrimSpace(content) == "" {
			continue
		}
		indent := len(line) - len(content)
		if strings.HasPrefix(content, "- ") { // the key of an item stands after the dash
			indent += len(content) - len(strings.TrimLeft(content[1:], " "))
		}
		if within >= 0 && indent <= within {
			within = -1
		}
		known := plainLine.FindStringSubmatch(line)
		switch {
		case content[0] == '#' && within < 0:
			lines[i] = line[:len(line)-len(content)] + "# " + redact.Mask + ending
			continue
		case within < 0 && known != nil && sections[known[2]] && strings.TrimSpace(known[3]) == "":
			continue
		case within < 0 && known != nil && values[known[2]] && plainValue.MatchString(known[3]):
			continue
		case within < 0 && known != nil && shownKey(known[2]):
			lines[i] = known[1] + known[2] + ": " + redact.Mask + ending
			within = indent
		default:
			shown := line[:len(line)-len(content)]
			if strings.HasPrefix(content, "- ") {
				shown += "- "
			}
			lines[i] = shown + redact.Mask + ending
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

var (
	plainLine  = regexp.MustCompile(`^( *(?:- +)?)([a-z][a-z0-9_]*):(.*)$`)
	plainValue = regexp.MustCompile(`^ *["'\[]{0,2}[a-z0-9*][a-z0-9*_.,/ -]{0,60}["'\]]{0,2} *\r?$`)
	sections   = map[string]bool{"listen": true, "history": true, "outbox": true, "cluster": true, "event_types": true, "include": true, "defaults": true, "webhooks": true}
	// values are the keys whose values are shown in a file that is not valid.
	values = map[string]bool{
		"name": true, "was": true, "events": true, "enabled": true, "paused": true, "profile": true, "format": true, "signature": true,
		"timeout": true, "retry": true, "give_up_on": true, "concurrency": true, "rate": true, "order": true, "expire_after": true,
		"max_backlog": true, "disable_after": true, "allow": true, "source": true, "http": true, "socket": true, "keep": true, "max_size": true,
		"unmatched": true, "dir": true, "console": true,
	}
)
