package poll

import (
	"context"

	"offing/tunnel/state"
)

// sample keeps the machine's part of the state until ctx ends.
func (p *Poller) sample(ctx context.Context) {
	for ctx.Err() == nil {
		p.sampleOnce(ctx)
		pause := hostInterval
		if !p.watched() {
			pause = p.idle()
		}
		wait(ctx, pause, p.wakeHost)
	}
}

func (p *Poller) sampleOnce(ctx context.Context) {
	h, err := p.cfg.Host.Sample(ctx, p.dir())
	if err != nil {
		p.cfg.Log.Debug("cannot measure all of the machine", "error", err)
	}
	p.update(func(tx *state.Tx) { tx.SetHost(h) })
}

func (p *Poller) dir() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.downloadDir
}

// setDownloadDir notes whose file system to measure, and has it measured.
func (p *Poller) setDownloadDir(dir string) {
	p.mu.Lock()
	changed := p.downloadDir != dir
	p.downloadDir = dir
	p.mu.Unlock()
	if changed {
		wakeUp(p.wakeHost)
	}
}
