package agent

import (
	"context"
	"log/slog"
	"time"

	"offing/tunnel/report"
	"offing/tunnel/state"
)

// Status asks the torrent daemon and the machine once and reports on them, with
// no need of an agent that runs.
func Status(ctx context.Context, cfg *Config, log *slog.Logger) (*report.Box, error) {
	daemon, err := cfg.daemon()
	if err != nil {
		return nil, err
	}
	defer daemon.Close()
	s := state.New(newEpoch())
	cfg.poller(s, daemon, log).Once(ctx)
	return report.Status(s, time.Now()), ctx.Err()
}
