// Command generate writes a history with its indexes to measure queries on:
//
//	go run ./history/historytest/generate -attempts 10000000 -webhooks 10000 FOLDER
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"sidehook/history/historytest"
)

func main() {
	attempts := flag.Int("attempts", 10_000_000, "write `N` attempts")
	webhooks := flag.Int("webhooks", 10, "to `N` webhooks")
	flag.Parse()
	if flag.NArg() != 1 || *attempts < 1 || *webhooks < 1 {
		fmt.Fprintln(os.Stderr, "usage: generate [-attempts N] [-webhooks N] FOLDER")
		os.Exit(2)
	}
	if err := historytest.Generate(context.Background(), flag.Arg(0), historytest.Options{Attempts: *attempts, Webhooks: *webhooks, Seed: 1}); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}
