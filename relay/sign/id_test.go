package sign_test

import (
	"strings"
	"testing"

	"sidehook/relay/sign"
)

func TestDeliveryID(t *testing.T) {
	long := strings.Repeat("a", 256)
	for id, want := range map[string]string{
		"e65c1481-e8a-4be-a5ca-27dfcde077d7": "e65c1481-e8a-4be-a5ca-27dfcde077d7",
		"AZaz09_:/+=~@-":                     "AZaz09_:/+=~@-",
		"a":                                  "a",
		long:                                 long,
		// printf 'com.example/app\nID' | sha256sum | head -c 32 | xxd -r -p | base32
		"a.b":      "msg_ejn5mwyuhjfnuh2zxmxatwaquu",
		"a b":      "msg_lhc576jrfxrffabwllsvfrxc7y",
		"é":        "msg_",
		"":         "msg_",
		long + "a": "msg_",
		"[":        "msg_",
		"`":        "msg_",
		"a\n":      "msg_",
		"\x00":     "msg_",
	} {
		got := sign.DeliveryID("com.example/app", id)
		if want == "msg_" { // the form alone: each of them is hashed like the others
			if len(got) != 30 || !strings.HasPrefix(got, "msg_") || strings.Trim(got[4:], "abcdefghijklmnopqrstuvwxyz234567") != "" {
				t.Errorf("DeliveryID(%q) = %q", id, got)
			}
			continue
		}
		if got != want {
			t.Errorf("DeliveryID(%q) = %q, want %q", id, got, want)
		}
	}
	if a, b := sign.DeliveryID("one", "a.b"), sign.DeliveryID("two", "a.b"); a == b {
		t.Errorf("two sources share the id %q", a)
	}
}

func TestDeliveryIDsArePlain(t *testing.T) {
	id := sign.DeliveryID("s", "not plain")
	if again := sign.DeliveryID("s", id); again != id {
		t.Errorf("%q is sent as %q", id, again)
	}
}
