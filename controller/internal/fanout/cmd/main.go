// Command cmd is the controller's server in the benchmark of the fan-out.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"offing/controller/internal/fanout"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c := fanout.Config{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))}
	flag.IntVar(&c.Torrents, "torrents", 0, "`torrents` in the box")
	flag.IntVar(&c.Users, "users", 0, "`persons` who have them, in turn")
	flag.Parse()
	if err := fanout.Serve(ctx, c, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fanout:", err)
		os.Exit(1)
	}
}
