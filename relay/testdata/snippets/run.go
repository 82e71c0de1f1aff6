package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		values := make([][]byte, len(fields))
		for i, f := range fields[1:] {
			values[i], _ = base64.StdEncoding.DecodeString(f[1:])
		}
		h := http.Header{}
		for i, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
			if len(values[i]) > 0 {
				h.Set(name, string(values[i]))
			}
		}
		fmt.Println(verify(h, values[3], fields[0]))
	}
}
