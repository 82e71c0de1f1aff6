package console_test

import (
	"os"
	"testing"

	"sidehook/relay/console/consoletest"
)

var browsers consoletest.Browser

func TestMain(m *testing.M) {
	code := m.Run()
	browsers.Close()
	os.Exit(code)
}
