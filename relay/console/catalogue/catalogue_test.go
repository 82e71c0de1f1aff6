package catalogue_test

import (
	"reflect"
	"testing"

	"sidehook/relay/console/catalogue"
)

// Types are grouped as people speak of them.
func TestGroup(t *testing.T) {
	var types []catalogue.Type
	for _, typ := range []string{"com.qlik.v1.app.created", "com.qlik.v1.app.data-updated", "com.qlik.v1.app.reload.finished", "com.qlik.v1.user.deleted", "com.qlik.v1.stopped", "ping", "shop.category.moved", "other.app.created"} {
		types = append(types, catalogue.Type{Type: typ})
	}
	got := map[string][]string{}
	for _, r := range catalogue.Group(types) {
		for _, typ := range r.Types {
			got[r.Name] = append(got[r.Name], typ.Name)
		}
	}
	want := map[string][]string{
		"Apps (com.qlik.v1.app)": {"Created", "Data Updated", "Reload Finished"}, "Users": {"Deleted"}, "V1s": {"Stopped"}, "Other": {"Ping"}, "Categories": {"Moved"}, "Apps (other.app)": {"Created"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
