package systemd_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// manifest is what the test looks at of an object of kubernetes.yaml.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Strings  map[string]string `yaml:"stringData"`
	Spec     struct {
		Template struct {
			Spec struct {
				Init       []container `yaml:"initContainers"`
				Containers []container
				Volumes    []struct {
					Name      string
					ConfigMap struct{ Name string } `yaml:"configMap"`
					Secret    struct {
						Name string `yaml:"secretName"`
					}
				}
			}
		}
		Claims []struct {
			Metadata struct{ Name string }
		} `yaml:"volumeClaimTemplates"`
	}
}

type container struct {
	Name   string
	Mounts []struct {
		Name string
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
	Startup   probe `yaml:"startupProbe"`
	Liveness  probe `yaml:"livenessProbe"`
	Readiness probe `yaml:"readinessProbe"`
}

type probe struct{ Exec struct{ Command []string } }

func manifests(t *testing.T, name string) map[string]manifest {
	t.Helper()
	text, err := os.ReadFile("container/" + name)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]manifest{}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var o manifest
		if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		objects[o.Kind] = o
	}
}

// TestKubernetes holds the parts of each manifest to each other, of which the schema
// knows nothing: what is mounted exists, what the configuration names is mounted, and
// the configuration is one that sidehook starts with.
func TestKubernetes(t *testing.T) {
	for _, name := range []string{"kubernetes.yaml", "cluster.yaml"} {
		t.Run(name, func(t *testing.T) { testManifest(t, manifests(t, name)) })
	}
}

func testManifest(t *testing.T, objects map[string]manifest) {
	pod := objects["StatefulSet"].Spec.Template.Spec
	var volumes []string
	for _, v := range pod.Volumes {
		volumes = append(volumes, v.Name)
		for kind, name := range map[string]string{"ConfigMap": v.ConfigMap.Name, "Secret": v.Secret.Name} {
			if name != "" && objects[kind].Metadata.Name != name {
				t.Errorf("the volume %s is of the %s %s, which is not there", v.Name, kind, name)
			}
		}
	}
	for _, c := range objects["StatefulSet"].Spec.Claims {
		volumes = append(volumes, c.Metadata.Name)
	}
	mounted := map[string]string{} // in sidehook's container, by volume
	for _, c := range append(pod.Init, pod.Containers...) {
		for _, m := range c.Mounts {
			if !slices.Contains(volumes, m.Name) {
				t.Errorf("%s mounts %s, which is no volume", c.Name, m.Name)
			}
			if c.Name == "sidehook" {
				mounted[m.Name] = m.Path
			} else if mounted[m.Name] != m.Path {
				t.Errorf("%s is at %s for %s, and at %s for sidehook", m.Name, m.Path, c.Name, mounted[m.Name])
			}
		}
	}

	secrets := t.TempDir()
	for name, value := range objects["Secret"].Strings {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := objects["ConfigMap"].Data["webhooks.yaml"]
	path := filepath.Join(t.TempDir(), "webhooks.yaml")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, mounted["secrets"], secrets)), 0o600); err != nil {
		t.Fatal(err)
	}
	file := load(t, path)
	if dir := mounted["history"]; file.Cluster.Given() {
		if dir != "" {
			t.Error("a volume for the history, which is in the database")
		}
	} else if !strings.HasPrefix(file.History.Dir, dir+"/") {
		t.Errorf("the history is in %s, and its volume at %s", file.History.Dir, dir)
	}
	if dir := mounted["socket"]; filepath.Dir(file.Listen.Socket) != dir {
		t.Errorf("the socket is %s, and its volume at %s", file.Listen.Socket, dir)
	}
}
