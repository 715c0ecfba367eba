package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run offing-agent, which is this very binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"offing-agent": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			dir, err := os.MkdirTemp("", "oa") // short, for the sockets
			if err != nil {
				return err
			}
			env.Defer(func() { os.RemoveAll(dir) })
			env.Setenv("DIR", dir)
			env.Setenv("OFFING_AGENT_CONFIG", dir+"/agent.toml")
			config := "state = \"" + dir + "/state\"\n[transmission]\nurl = \"http://127.0.0.1:1/\"\n"
			return os.WriteFile(dir+"/agent.toml", []byte(config), 0o600)
		},
	})
}
