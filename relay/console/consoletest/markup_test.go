package consoletest_test

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// foreign returns what of a page cannot come from the console's own templates, and so
// must come from a text that was taken for HTML.
func foreign(text string) (list []string) {
	complain := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return []string{err.Error()}
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			if n.FirstChild != nil || !strings.HasPrefix(attribute(n, "src"), "/assets/") {
				complain("a script %q", attribute(n, "src"))
			}
		case "style", "iframe", "frame", "object", "embed", "base", "applet", "portal", "foreignobject":
			complain("an element %s", n.Data)
		}
		for _, a := range n.Attr {
			key := strings.ToLower(a.Key)
			switch {
			case strings.HasPrefix(key, "on"), key == "style", key == "srcdoc":
				complain("an attribute %s of %s", key, n.Data)
			case slices.Contains([]string{"href", "src", "action", "formaction", "data", "poster", "ping", "background"}, key):
				if !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "?") || strings.HasPrefix(a.Val, "//") {
					complain("%s of %s leads to %q", key, n.Data, a.Val)
				}
			}
		}
	}
	return list
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// elements returns how many elements a page has.
func elements(text string) (n int) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return 0
	}
	for node := range root.Descendants() {
		if node.Type == html.ElementNode {
			n++
		}
	}
	return n
}
