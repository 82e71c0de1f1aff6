package config_test

import (
	"fmt"
	"strings"
	"testing"

	"sidehook/config"
)

// An allow that allows every address is warned of, in whatever
// pieces it does so.
func TestAllowOfEveryAddress(t *testing.T) {
	const (
		four = "allows every IPv4 address, including those of this machine and its network; list the blocks that the receiver is in, such as 10.0.0.0/8"
		six  = "allows every IPv6 address, including those of this machine and its network; list the blocks that the receiver is in, such as 10.0.0.0/8"
	)
	for _, c := range []struct {
		allow string
		want  []string
	}{
		{"0.0.0.0/0", []string{four}},
		{"'::/0'", []string{six}},
		{"http, '::/0', 0.0.0.0/0", []string{four, six}},
		{"0.0.0.0/1, 128.0.0.0/1", []string{four}},
		{"128.0.0.0/2, 192.0.0.0/2, 0.0.0.0/1", []string{four}},
		{"0.0.0.0/1, 64.0.0.0/2, 128.0.0.0/1, 10.0.0.0/8", []string{four}},
		{"'8000::/1', '::/1'", []string{six}},
		{"0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/3, 224.0.0.0/4, 240.0.0.0/4", []string{four}},
		{"0.0.0.0/1", nil},
		{"0.0.0.0/1, '8000::/1'", nil},
		{"0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/3, 224.0.0.0/4, 240.0.0.0/5, 248.0.0.0/6, 252.0.0.0/7, 254.0.0.0/8, 255.0.0.0/9", nil},
		{"10.0.0.0/8, 127.0.0.0/8, 'fd00::/8', '::1/128'", nil},
		{"", nil},
	} {
		for path, text := range map[string]string{
			"6:12: warning: webhooks[0] (a).allow": hook + "    allow: [" + c.allow + "]\n",
			"1:19: warning: defaults.allow":        "defaults: {allow: [" + c.allow + "]}\n" + hook,
		} {
			var want []string
			for _, w := range c.want {
				want = append(want, "f:"+path+": "+w)
			}
			f, err := config.Parse("f", []byte(text), config.Run)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Warnings.Error(); got != strings.Join(want, "\n") {
				t.Errorf("[%s]:\n got %s\nwant %s", c.allow, got, strings.Join(want, "\n"))
			}
		}
	}
	t.Run("every address but one, in many blocks", func(t *testing.T) {
		var blocks []string
		for i := range 32 { // what is beside 0.0.0.0, bit by bit
			bit := uint32(1) << (31 - i)
			blocks = append(blocks, fmt.Sprintf("%d.%d.%d.%d/%d", bit>>24, bit>>16&255, bit>>8&255, bit&255, i+1))
		}
		f, err := config.Parse("f", []byte(hook+"    allow: ["+strings.Join(blocks, ", ")+"]\n"), config.Run)
		if err != nil || len(f.Warnings) > 0 {
			t.Errorf("without 0.0.0.0: %v %v", err, f)
		}
		f, err = config.Parse("f", []byte(hook+"    allow: ["+strings.Join(blocks, ", ")+", 0.0.0.0/32]\n"), config.Run)
		if err != nil || len(f.Warnings) != 1 {
			t.Errorf("with 0.0.0.0: %v %v", err, f)
		}
	})
}
