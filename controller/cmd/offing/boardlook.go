package main

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

type tickAt = time.Time

// tick is the time for the next look.
type tick struct{}

// looked is what a look has found.
type looked struct {
	once   bool // the next one is on its way already
	filter client.Filter
	boxes  []report.Box
	rows   []client.Row
	offset int
	total  int
	detail *client.Whole
	err    error
}

// ordered is news of commands.
type ordered struct {
	orders []client.Order
	err    error
}

// look asks for what is on the screen, and a screenful above and below; lookOnce
// does out of turn.
func (b *board) look() tea.Cmd     { return b.ask(false) }
func (b *board) lookOnce() tea.Cmd { return b.ask(true) }

func (b *board) ask(once bool) tea.Cmd {
	m := looked{once: once, filter: b.filter, offset: max(b.top-b.visible(), 0)}
	f, at, withDetail := b.filter, b.at, b.mode == detailing
	f.Offset, f.Limit = m.offset, 3*b.visible()
	return func() tea.Msg {
		if m.boxes, m.err = b.source.Status(b.ctx); m.err != nil {
			return m
		}
		if m.rows, m.total, m.err = b.source.Torrents(b.ctx, f); m.err != nil || !withDetail {
			return m
		}
		m.detail, m.err = b.source.Torrent(b.ctx, at.Box, at.Hash)
		return m
	}
}

// do has a command done.
func (b *board) do(r client.DoRequest) tea.Cmd {
	b.notice = verbOf(r.Do).now + " " + torrents(len(r.Torrents)) + " …"
	clear(b.marked)
	return func() tea.Msg {
		orders, err := b.source.Do(b.ctx, r)
		return ordered{orders, err}
	}
}

// follow asks on for a command.
func (b *board) follow(id command.ID) tea.Cmd {
	return func() tea.Msg {
		begun := time.Now()
		o, err := b.source.Command(b.ctx, id, waitStep)
		if err == nil && !o.HasEnded() {
			wait(b.ctx, leastStep-time.Since(begun))
		}
		return ordered{[]client.Order{o}, err}
	}
}
