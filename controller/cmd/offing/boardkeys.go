package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

const boardHelp = `Keys

  up down j k    move           s  start          enter  details
  page up, down  move further   S  start at once  /      search in names
  home end g G   to an end      x  stop           f      next state
  space          mark           v  verify         o      next order
                                a  announce       O      the other way round
  ?              this           d  remove         esc    back, no search
  q              leave          D  remove with its data

What acts does so on the marked torrents, or on the one under the cursor.`

// keys does what keys are for that came at once, as those typed quickly do.
func (b *board) keys(k tea.KeyMsg) tea.Cmd {
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 {
		return b.key(k)
	}
	if k.Paste && b.mode != searching {
		return nil // nobody means to press all these keys
	}
	var all []tea.Cmd
	for _, r := range k.Runes {
		all = append(all, b.key(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
	}
	return tea.Sequence(all...)
}

// key does what a key is for.
func (b *board) key(k tea.KeyMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return tea.Quit
	}
	b.notice = ""
	switch b.mode {
	case searching:
		return b.keyOfSearch(k)
	case confirming:
		b.mode = listing
		if k.String() == "y" || k.String() == "Y" {
			return b.do(b.question.request)
		}
		b.notice = "nothing was done"
		return nil
	case helping:
		b.mode = listing
		return nil
	}
	if k.String() == "q" {
		return tea.Quit
	}
	if act := b.actOf(k.String()); act != nil {
		return act
	}
	if b.move(k.String()) {
		b.detail = nil
		return b.lookOnce()
	}
	return b.keyOfView(k.String())
}

// keyOfView changes what is shown.
func (b *board) keyOfView(k string) tea.Cmd {
	switch k {
	case "?", "h":
		b.mode = helping
	case "enter":
		if b.row(b.cursor) != nil {
			b.mode, b.detail = detailing, nil
			return b.lookOnce()
		}
	case "esc":
		if b.mode == detailing {
			b.mode, b.detail = listing, nil
			return nil
		}
		clear(b.marked)
		return b.show(func(f *client.Filter) { f.Text = "" })
	case "/":
		b.mode, b.input = searching, b.filter.Text
	case " ":
		b.mark()
		return b.lookOnce()
	case "f":
		return b.show(func(f *client.Filter) { f.State = after(listStates, f.State) })
	case "o":
		return b.show(func(f *client.Filter) { f.Sort = after(listOrders, strings.TrimPrefix(f.Sort, "-")) })
	case "O":
		return b.show(func(f *client.Filter) {
			if by, down := strings.CutPrefix(f.Sort, "-"); down {
				f.Sort = by
			} else {
				f.Sort = "-" + f.Sort
			}
		})
	}
	return nil
}

// after is the word after another, the first after the last.
func after(words []string, word string) string {
	return words[(slices.Index(words, word)+1)%len(words)]
}

// show changes the filter. The cursor stays with its torrent if it is still there.
func (b *board) show(change func(*client.Filter)) tea.Cmd {
	change(&b.filter)
	b.top = 0
	return b.lookOnce()
}

// maxSearch bounds what is searched for, in bytes.
const maxSearch = 200

// keyOfSearch edits the text that is searched for.
func (b *board) keyOfSearch(k tea.KeyMsg) tea.Cmd {
	switch k.Type {
	case tea.KeyEnter:
		b.mode = listing
		return b.show(func(f *client.Filter) { f.Text = b.input })
	case tea.KeyEsc:
		b.mode = listing
	case tea.KeyBackspace:
		_, last := utf8.DecodeLastRuneInString(b.input)
		b.input = b.input[:len(b.input)-last]
	case tea.KeyRunes, tea.KeySpace:
		if b.input += string(k.Runes); len(b.input) > maxSearch {
			b.input = b.input[:len(b.input)-len(string(k.Runes))]
		}
	}
	return nil
}

// move moves the cursor, and tells whether the key is for that.
func (b *board) move(k string) bool {
	if b.mode != listing {
		return false
	}
	switch k {
	case "up", "k":
		b.cursor--
	case "down", "j":
		b.cursor++
	case "pgup", "ctrl+b":
		b.cursor -= b.visible()
	case "pgdown", "ctrl+f":
		b.cursor += b.visible()
	case "home", "g":
		b.cursor = 0
	case "end", "G":
		b.cursor = b.total - 1
	default:
		return false
	}
	b.cursor = max(min(b.cursor, b.total-1), 0)
	b.at = client.Torrent{}
	if r := b.row(b.cursor); r != nil {
		b.at = r.Torrent
	}
	b.keepInSight()
	return true
}

// keepInSight scrolls so that the cursor is on the screen.
func (b *board) keepInSight() {
	b.top = max(min(b.top, b.cursor, b.total-b.visible()), b.cursor-b.visible()+1, 0)
}

// mark marks the torrent under the cursor, or no longer, and goes on to the next.
func (b *board) mark() {
	r := b.row(b.cursor)
	if r == nil {
		return
	}
	if _, ok := b.marked[r.Torrent]; ok {
		delete(b.marked, r.Torrent)
	} else {
		b.marked[r.Torrent] = *r
	}
	b.move("down")
}

// meant are the torrents that a key acts on: the marked ones, or the one under the
// cursor.
func (b *board) meant() []client.Row {
	var rows []client.Row
	for _, r := range b.marked {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(x, y client.Row) int { return strings.Compare(x.Name+x.Hash.String(), y.Name+y.Hash.String()) })
	if r := b.row(b.cursor); len(rows) == 0 && r != nil && r.Torrent == b.at {
		rows = append(rows, *r)
	}
	return rows
}

// actOf returns what a key that acts does, or nil.
func (b *board) actOf(k string) tea.Cmd {
	kind, ok := map[string]command.Kind{
		"s": command.Start, "S": command.StartNow, "x": command.Stop, "v": command.Verify, "a": command.Reannounce,
		"d": command.Remove, "D": command.Remove,
	}[k]
	rows := b.meant()
	if !ok || len(rows) == 0 {
		return nil
	}
	r := client.DoRequest{Do: kind, Torrents: keysOf(rows)}
	if kind != command.Remove {
		return b.do(r)
	}
	what := torrents(len(rows))
	if len(rows) == 1 {
		what = report.Clean(rows[0].Name)
	}
	text := "remove " + what + "?"
	if r.Remove = (&command.Removal{Data: k == "D"}); r.Remove.Data {
		text = fmt.Sprintf("remove %s and %s of data on the box?", what, report.Size(onDisk(rows)))
	}
	b.mode, b.question = confirming, question{text, r}
	return func() tea.Msg { return nil }
}
