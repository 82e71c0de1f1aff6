package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sidehook/config"
)

// tenant is a file of include with one webhook.
func tenant(name string) string {
	return "webhooks:\n  - name: " + name + "\n    url: https://hooks.example.com/x\n    events: [x.y]\n    signature: none\n"
}

// including is a main file with a glob, and one webhook.
const including = "include: [d/*.yaml]\n" + hook

// writeFiles writes files below dir; one without text is removed.
func writeFiles(t *testing.T, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if text == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// said is what a reading says: the names of the webhooks in force, and a line for each
// problem, both without dir.
func said(dir string, r config.Reading) (names, problems string) {
	var lines []string
	if r.File == nil {
		return "refused", strings.ReplaceAll(r.Problems.Error(), dir+"/", "")
	}
	for _, in := range r.File.Refused() {
		lines = append(lines, in.Problems.Error())
	}
	if len(r.File.Warnings) > 0 {
		lines = append(lines, r.File.Warnings.Error())
	}
	for _, w := range r.File.Webhooks {
		names += " " + w.Name
	}
	return strings.TrimPrefix(names, " "), strings.ReplaceAll(strings.Join(lines, "\n"), dir+"/", "")
}

// A bad file of include holds up itself alone: all else is in force at a start, too.
func TestIncludeAtStart(t *testing.T) {
	for _, c := range []struct {
		name        string
		files       map[string]string
		names, want string
		mainIsElse  string // text of the main file, if it is not including
	}{
		{name: "none", names: "a", want: "f.yaml:1:11: warning: include[0]: matches no file"},
		{name: "two", files: map[string]string{"d/b.yaml": tenant("b"), "d/c.yaml": tenant("c"), "d/c.yml": tenant("no"), "d/.e.yaml": tenant("no")}, names: "a b c"},
		{name: "folder and other files", files: map[string]string{"d/b.yaml/c.yaml": tenant("no"), "d/c.yaml": tenant("c")}, names: "a c"},
		{name: "empty", files: map[string]string{"d/b.yaml": "# nothing\n", "d/c.yaml": tenant("c")}, names: "a c", want: "d/b.yaml:1:1: is empty; write webhooks: [] for none"},
		{name: "no webhooks", files: map[string]string{"d/b.yaml": "webhooks: []\n"}, names: "a"},
		{name: "syntax", files: map[string]string{"d/b.yaml": "webhooks: [\n", "d/c.yaml": tenant("c")}, names: "a c", want: "d/b.yaml:1:1: is not valid YAML: did not find expected node content"},
		{name: "wrong key", files: map[string]string{"d/b.yaml": tenant("b") + "    timout: 5s\n"}, names: "a", want: `d/b.yaml:6:5: webhooks[0] (b).timout: unknown key; did you mean "timeout"?`},
		{name: "defaults", files: map[string]string{"d/b.yaml": "defaults: {timeout: 5s}\n" + tenant("b")}, names: "a", want: "d/b.yaml:1:1: defaults: unknown key; a file of include holds webhooks: and nothing else; write this in f.yaml"},
		{name: "includes more", files: map[string]string{"d/b.yaml": "include: [c.yaml]\n" + tenant("b"), "d/c.yaml": tenant("c")}, names: "a c", want: "d/b.yaml:1:1: include: unknown key; a file of include holds webhooks: and nothing else; write this in f.yaml"},
		{name: "same name within", files: map[string]string{"d/b.yaml": tenant("b") + strings.TrimPrefix(tenant("b"), "webhooks:\n")}, names: "a", want: `d/b.yaml:6:11: webhooks[1] (b).name: "b" is also the name of webhooks[0], in line 2; give each its own`},
		{name: "same name as the main file's", files: map[string]string{"d/b.yaml": tenant("a"), "d/c.yaml": tenant("c")}, names: "a c", want: `d/b.yaml:2:11: webhooks[0] (a).name: "a" is also the name of webhooks[0], in f.yaml:3; give each its own`},
		{name: "same name in two", files: map[string]string{"d/b.yaml": tenant("b"), "d/c.yaml": tenant("b")}, names: "a b", want: `d/c.yaml:2:11: webhooks[0] (b).name: "b" is also the name of webhooks[0], in d/b.yaml:2; give each its own`},
		{name: "former name in use", files: map[string]string{"d/b.yaml": tenant("b") + "    was: a\n"}, names: "a", want: `d/b.yaml:6:10: webhooks[0] (b).was: "a" is the name of webhooks[0], in f.yaml:3, not a former one; write the name it had before, or remove was`},
		{name: "former name in two", files: map[string]string{"d/b.yaml": tenant("b") + "    was: z\n", "d/c.yaml": tenant("c") + "    was: z\n"}, names: "a b", want: `d/c.yaml:6:10: webhooks[0] (c).was: "z" is also the former name of webhooks[0], in d/b.yaml:6; remove one`},
		{name: "name that is a former one", files: map[string]string{"d/b.yaml": tenant("b") + "    was: c\n", "d/c.yaml": tenant("c")}, names: "a b", want: `d/c.yaml:2:11: webhooks[0] (c).name: "c" is the former name of webhooks[0], in d/b.yaml:6; give it another name, or remove was there`},
		{name: "all errors at once", files: map[string]string{"d/b.yaml": tenant("a") + "    timeout: x\n"}, names: "a", want: `d/b.yaml:2:11: webhooks[0] (a).name: "a" is also the name of webhooks[0], in f.yaml:3; give each its own` + "\n" +
			`d/b.yaml:6:14: webhooks[0] (a).timeout: must be a duration such as 15s, 30d or 1h30m, not "x"`},
		{name: "warning", files: map[string]string{"d/b.yaml": strings.Replace(tenant("b"), "    signature: none\n", "", 1)}, names: "a b", want: "d/b.yaml:2:5: warning: webhooks[0] (b): no secret: requests will be unsigned; set secret, or signature: none if that is meant"},
		{name: "file of its own folder", files: map[string]string{"d/b.yaml": tenant("b") + "    secret: ${file:secret}\n", "d/secret": plainSecret}, names: "a b"},

		{name: "main file bad", mainIsElse: "sauce: x\n" + including, files: map[string]string{"d/b.yaml": "webhooks: 1\n"}, names: "refused", want: "f.yaml:1:1: sauce: unknown key; did you mean \"source\"?\nd/b.yaml:1:11: webhooks: must be a list, not a single value; write webhooks: [] for none"},
		{name: "missing", mainIsElse: "include: [x.yaml]\n" + hook, names: "a", want: "x.yaml: cannot be read: no such file or directory; remove it from include, or write webhooks: [] in it for none"},
		{name: "matched twice", mainIsElse: "include: [d/*.yaml, d/b.*, ./d/b.yaml]\n" + hook, files: map[string]string{"d/b.yaml": tenant("b")}, names: "a b"},
		{name: "main file in its own glob", mainIsElse: "include: [\"*.yaml\"]\n" + hook, files: map[string]string{"b.yaml": tenant("b")}, names: "a b"},
		{name: "main file named", mainIsElse: "include: [./f.yaml]\n" + hook, names: "refused", want: "f.yaml:1:11: include[0]: is this file itself; remove it"},
		{name: "no list", mainIsElse: "include: d/*.yaml\n" + hook, names: "refused", want: "f.yaml:1:10: include: must be a list, not a single value; write include: [webhooks.d/*.yaml]"},
		{name: "bad glob", mainIsElse: "include: [\"d/[.yaml\"]\n" + hook, names: "refused", want: "f.yaml:1:11: include[0]: is not a valid glob; close each [, and write \\ before a character that is meant as it is"},
		{name: "folders by glob", mainIsElse: "include: [\"*/hooks.yaml\"]\n" + hook, files: map[string]string{"d/hooks.yaml": tenant("b"), "e/hooks.yaml": tenant("c"), "f/other.yaml": "x"}, names: "a b c"},
		{name: "defaults of the main file", mainIsElse: "defaults: {secret: short}\ninclude: [d/*.yaml]\nwebhooks: []\n", files: map[string]string{"d/b.yaml": tenant("b")},
			want: "d/b.yaml:1:1: takes defaults.secret from f.yaml:1:20, which must have 32 to 64 characters, has 5; make one with: openssl rand -hex 32, or allow: [short-secret] for this webhook"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			main := including
			if c.mainIsElse != "" {
				main = c.mainIsElse
			}
			writeFiles(t, dir, map[string]string{"f.yaml": main})
			writeFiles(t, dir, c.files)
			names, problems := said(dir, config.Read(filepath.Join(dir, "f.yaml"), config.Run))
			if names != c.names || problems != c.want {
				t.Errorf("in force %q, want %q\n%s\nwant\n%s", names, c.names, problems, c.want)
			}
		})
	}
}

// The last good reading of a file stays in force until the file is good again, or gone.
func TestIncludeAtReload(t *testing.T) {
	type step struct {
		files       map[string]string
		names, want string
	}
	again := func(name, file string, index, line int) string {
		return fmt.Sprintf("%q is also the name of webhooks[%d], in %s:%d; give each its own", name, index, file, line)
	}
	for name, steps := range map[string][]step{
		"bad and good again": {
			{map[string]string{"d/b.yaml": tenant("b"), "d/c.yaml": tenant("c")}, "a b c", ""},
			{map[string]string{"d/b.yaml": "x: y\n", "d/c.yaml": tenant("c2")}, "a b c2", `d/b.yaml:1:1: x: unknown key`},
			{map[string]string{"d/b.yaml": "# empty\n"}, "a b c2", `d/b.yaml:1:1: is empty; write webhooks: [] for none`},
			{map[string]string{"d/b.yaml": tenant("b2")}, "a b2 c2", ""},
		},
		"appear and go": {
			{map[string]string{}, "a", "f.yaml:1:11: warning: include[0]: matches no file"},
			{map[string]string{"d/b.yaml": tenant("b")}, "a b", ""},
			{map[string]string{"d/c.yaml": "bad\n"}, "a b", "d/c.yaml:1:1: must be a mapping, not a single value; begin it with webhooks:"},
			{map[string]string{"d/c.yaml": "", "d/b.yaml": "bad\n"}, "a b", "d/b.yaml:1:1: must be a mapping, not a single value; begin it with webhooks:"},
			{map[string]string{"d/b.yaml": ""}, "a", "f.yaml:1:11: warning: include[0]: matches no file"},
			{map[string]string{"d/b.yaml": "bad\n"}, "a", "d/b.yaml:1:1: must be a mapping, not a single value; begin it with webhooks:"},
		},
		"who has a name keeps it": {
			{map[string]string{"d/c.yaml": tenant("c")}, "a c", ""},
			{map[string]string{"d/b.yaml": tenant("c")}, "a c", `d/b.yaml:2:11: webhooks[0] (c).name: ` + again("c", "d/c.yaml", 0, 2)},
			{map[string]string{"d/c.yaml": "bad\n"}, "a c", `d/b.yaml:2:11: webhooks[0] (c).name: ` + again("c", "d/c.yaml", 0, 2) + "\nd/c.yaml:1:1: must be a mapping, not a single value; begin it with webhooks:"},
			{map[string]string{"d/c.yaml": tenant("d")}, "a c d", ""},
		},
		"swapped at once": {
			{map[string]string{"d/b.yaml": tenant("b"), "d/c.yaml": tenant("c")}, "a b c", ""},
			{map[string]string{"d/b.yaml": tenant("c"), "d/c.yaml": tenant("b")}, "a c b", ""},
		},
		"moved, and refused where it was": {
			{map[string]string{"d/b.yaml": tenant("b"), "d/c.yaml": tenant("c")}, "a b c", ""},
			{map[string]string{"d/b.yaml": tenant("c"), "d/c.yaml": tenant("a")}, "a b c", `d/b.yaml:2:11: webhooks[0] (c).name: ` + again("c", "d/c.yaml", 0, 2) + "\n" + `d/c.yaml:2:11: webhooks[0] (a).name: ` + again("a", "f.yaml", 0, 3)},
		},
		"the main file takes a name": {
			{map[string]string{"d/b.yaml": tenant("b")}, "a b", ""},
			{map[string]string{"f.yaml": "include: [d/*.yaml]\n" + tenant("b")}, "refused", `f.yaml:3:11: webhooks[0] (b).name: ` + again("b", "d/b.yaml", 0, 2)},
			{map[string]string{"d/b.yaml": tenant("c")}, "b c", ""},
		},
		"the main file is bad": {
			{map[string]string{"d/b.yaml": tenant("b")}, "a b", ""},
			{map[string]string{"f.yaml": "x: y\n", "d/b.yaml": "bad\n"}, "refused", "f.yaml:1:1: x: unknown key"},
			{map[string]string{"f.yaml": including}, "a b", "d/b.yaml:1:1: must be a mapping, not a single value; begin it with webhooks:"},
		},
		"the catalogue changes": {
			{map[string]string{"d/b.yaml": tenant("b")}, "a b", ""},
			{map[string]string{"f.yaml": "event_types: {x.z: }\ninclude: [d/*.yaml]\n"}, "b", "d/b.yaml:4:14: webhooks[0] (b).events[0]: is not in event_types; did you mean \"x.z\"?"},
			{map[string]string{"f.yaml": "event_types: {x.y: }\ninclude: [d/*.yaml]\n"}, "b", ""},
		},
		"a named file changes": {
			{map[string]string{"s": plainSecret, "d/b.yaml": tenant("b") + "    secret: ${file:../s}\n"}, "a b", ""},
			{map[string]string{"s": "short"}, "a b", "d/b.yaml:6:13: webhooks[0] (b).secret: must have 32 to 64 characters, has 5; make one with: openssl rand -hex 32, or allow: [short-secret] for this webhook"},
			{map[string]string{"s": plainSecret + "x"}, "a b", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f.yaml")
			writeFiles(t, dir, map[string]string{"f.yaml": including})
			var last *config.Reading
			for i, s := range steps {
				writeFiles(t, dir, s.files)
				on := config.Basis{Last: last, Reread: true} // within a tick of the clock files look the same
				r := config.ReadOn(path, config.Run, on)
				names, problems := said(dir, r)
				if names != s.names || problems != s.want {
					t.Fatalf("step %d: in force %q, want %q\n%s\nwant\n%s", i, names, s.names, problems, s.want)
				}
				if same := config.ReadOn(path, config.Run, on); same.Identity() != r.Identity() {
					t.Fatalf("step %d: the same files are read otherwise: %s", i, same.Identity())
				}
				if r.File != nil {
					last = &r
				}
			}
		})
	}
}

// One change reads one file: what is unchanged is what was read before.
func TestIncludeReadsOnlyChanges(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.yaml")
	writeFiles(t, dir, map[string]string{"f.yaml": including, "d/b.yaml": tenant("b"), "d/c.yaml": tenant("c")})
	last := config.Read(path, config.Run)
	writeFiles(t, dir, map[string]string{"d/c.yaml": tenant("other"), "f.yaml": including + "    timeout: 3s\n"})
	now := config.ReadOn(path, config.Run, config.Basis{Last: &last})
	if got := now.File.Webhooks[1]; got != last.File.Webhooks[1] {
		t.Error("an unchanged file was read again")
	}
	if names, _ := said(dir, now); names != "a b other" {
		t.Errorf("in force %q", names)
	}
	if last.File.Hash == now.File.Hash {
		t.Error("the hash is the same")
	}
	unsettled := config.ReadOn(path, config.Run, config.Basis{Last: &last, Unsettled: map[string]bool{filepath.Join(dir, "d/c.yaml"): true}})
	if names, _ := said(dir, unsettled); names != "a b c" {
		t.Errorf("a file that is being written counts: %q", names)
	}
	if files := now.Listed(); !slices.Equal(files, []string{dir + "/d/b.yaml", dir + "/d/c.yaml"}) {
		t.Errorf("listed %q", files)
	}
}

// A folder that cannot be read keeps what was in it in force.
func TestIncludeFolderUnreadable(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.yaml")
	writeFiles(t, dir, map[string]string{"f.yaml": including, "d/b.yaml": tenant("b")})
	last := config.Read(path, config.Run)
	must(t, os.Chmod(path, 0o644))
	must(t, os.Chmod(filepath.Join(dir, "d"), 0o311)) // it may be passed through, and not be listed
	defer os.Chmod(filepath.Join(dir, "d"), 0o700)
	defer asOtherThanRoot(t, dir)()
	if names, problems := said(dir, config.ReadOn(path, config.Run, config.Basis{Last: &last})); names != "a b" || !strings.Contains(problems, "cannot be read: permission denied") {
		t.Errorf("in force %q: %s", names, problems)
	}
}

// The webhooks of all files are printed as one file, which says the same.
func TestIncludePrint(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.yaml")
	writeFiles(t, dir, map[string]string{"f.yaml": "defaults: {timeout: 3s}\n" + including, "d/b.yaml": tenant("b")})
	var printed strings.Builder
	r := config.Read(path, config.Run)
	if err := r.File.Print(&printed); err != nil {
		t.Fatal(err)
	}
	again, err := config.Parse(path, []byte(printed.String()), config.Run)
	if err != nil {
		t.Fatalf("%v\n%s", err, &printed)
	}
	for i, w := range again.Webhooks {
		if !w.Equal(r.File.Webhooks[i]) || w.Digest() != r.File.Webhooks[i].Digest() {
			t.Errorf("%s is another", w.Name)
		}
	}
	if got := r.File.Webhooks[1].File(); got != filepath.Join(dir, "d/b.yaml") || len(again.Webhooks) != 2 {
		t.Errorf("b stands in %s", got)
	}
}
