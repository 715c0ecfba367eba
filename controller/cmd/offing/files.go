package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

// fileWords are the words of each flag that changes files.
type fileWords struct{ want, skip, high, normal, low []string }

func (w *fileWords) empty() bool {
	return len(w.want)+len(w.skip)+len(w.high)+len(w.normal)+len(w.low) == 0
}

func (a *app) files() *cobra.Command {
	var f single
	var w fileWords
	cmd := &cobra.Command{
		Use:   "files HASH",
		Short: "List the files of a torrent, and choose among them",
		Long: `List the files of a torrent as a tree, with their numbers; or say which are
wanted, and how soon. Files are chosen by numbers ("3"), ranges ("3-7"),
patterns of their paths or names ("*.mkv"), or "all", several with commas
between.`,
		Example: "  offing files 3b1d85f8\n  offing files 3b1d85f8 --skip all --want 0-3,7 --high '*.srt'",
		Args:    oneTorrent,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.words = args
			if w.empty() {
				return a.look(cmd, &f, a.showFiles)
			}
			return a.changeOne(cmd, &f, func(ctx context.Context, d door, row *client.Row) (*command.Changes, error) {
				return changeFiles(ctx, d, row, &w)
			})
		},
	}
	f.flags(a, cmd)
	f.ending.flags(cmd)
	for _, g := range []struct {
		to         *[]string
		name, what string
	}{
		{&w.want, "want", "download `files`"}, {&w.skip, "skip", "do not download `files`"},
		{&w.high, "high", "download `files` sooner"}, {&w.normal, "normal", "download `files` as others"}, {&w.low, "low", "download `files` later"},
	} {
		cmd.Flags().StringArrayVar(g.to, g.name, nil, g.what)
	}
	return cmd
}

func (a *app) showFiles(t *client.Whole) error {
	if t.Detail == nil {
		return errNoDetail
	}
	if len(t.Detail.Files) == 0 {
		fmt.Fprintln(a.stderr, "its files are not known yet")
	}
	return filesTable(t.Detail.Files).write(a.stdout, screenOf(a.stdout))
}

// changeFiles asks for the files, which patterns need, and returns what is to be
// otherwise with those chosen.
func changeFiles(ctx context.Context, d door, row *client.Row, w *fileWords) (*command.Changes, error) {
	whole, err := d.Torrent(ctx, row.Box, row.Hash)
	if err != nil {
		return nil, err
	}
	var files []client.File
	if whole.Detail != nil {
		files = whole.Detail.Files
	}
	var change command.Changes
	for _, p := range []struct {
		words []string
		to    *[]int32
	}{{w.want, &change.Want}, {w.skip, &change.Skip}, {w.high, &change.High}, {w.normal, &change.Normal}, {w.low, &change.Low}} {
		if *p.to, err = pickFiles(files, p.words); err != nil {
			return nil, usage(err)
		}
	}
	// What is wanted by name is wanted though all others are not.
	change.Skip = without(change.Skip, change.Want, len(files))
	return &change, nil
}

// pickFiles returns the numbers of the files that the words choose, each once.
func pickFiles(files []client.File, words []string) ([]int32, error) {
	var picked []int32
	seen := make(map[int32]bool)
	for _, word := range words {
		for part := range strings.SplitSeq(word, ",") {
			numbers, err := pickPart(files, strings.TrimSpace(part))
			if err != nil {
				return nil, err
			}
			for _, n := range numbers {
				if !seen[n] {
					seen[n] = true
					picked = append(picked, n)
				}
			}
		}
	}
	return picked, nil
}

// pickPart returns the files of a number, a range, a pattern, or all.
func pickPart(files []client.File, part string) ([]int32, error) {
	if part == "all" {
		return []int32{command.AllFiles}, nil
	}
	if from, to, ok := numbersOf(part); ok {
		if to < from || len(files) > 0 && int(to) >= len(files) {
			return nil, fmt.Errorf("there are no files %s: `offing files` lists them with their numbers", part)
		}
		var picked []int32
		for n := from; n <= to; n++ {
			picked = append(picked, n)
		}
		return picked, nil
	}
	if len(files) == 0 {
		return nil, errors.New("the box did not tell the names of the files: choose them by number")
	}
	var picked []int32
	for i := range files {
		whole, err := path.Match(part, files[i].Name)
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern: a [ needs its ]", part)
		}
		if base, _ := path.Match(part, path.Base(files[i].Name)); whole || base {
			picked = append(picked, int32(files[i].Index))
		}
	}
	if len(picked) == 0 {
		return nil, fmt.Errorf("no file fits %q: `offing files` lists them", report.Clean(part))
	}
	return picked, nil
}

// maxFileNumber bounds a range, so that a typing mistake does not take all memory.
const maxFileNumber = 1_000_000

// numbersOf reads "3" or "3-7".
func numbersOf(part string) (from, to int32, ok bool) {
	first, last, isRange := strings.Cut(part, "-")
	if !isRange {
		last = first
	}
	a, errA := strconv.ParseUint(first, 10, 31)
	b, errB := strconv.ParseUint(last, 10, 31)
	if errA != nil || errB != nil || b > maxFileNumber {
		return 0, 0, false
	}
	return int32(a), int32(b), true
}

// without returns the files of skip that are not in want. All but some are spelled
// out, since both lists are done at once.
func without(skip, want []int32, files int) []int32 {
	wanted := make(map[int32]bool, len(want))
	for _, n := range want {
		wanted[n] = true
	}
	if len(skip) == 1 && skip[0] == command.AllFiles && len(want) > 0 {
		skip = nil
		for n := range files {
			skip = append(skip, int32(n))
		}
	}
	var rest []int32
	for _, n := range skip {
		if !wanted[n] {
			rest = append(rest, n)
		}
	}
	return rest
}

// filesTable is a tree of files: a line for each folder when it begins.
func filesTable(files []client.File) *table {
	t := &table{columns: []column{
		{title: "NUMBER", right: true}, {title: "SIZE", right: true}, {title: "DONE", right: true}, {title: "PRIORITY", drop: 1}, {title: "NAME", stretch: true},
	}}
	var folder []string
	for i := range files {
		f := &files[i]
		parts := strings.Split(f.Name, "/")
		dirs := parts[:len(parts)-1]
		for depth, dir := range dirs {
			if depth < len(folder) && folder[depth] == dir {
				continue
			}
			t.add(cell{}, cell{}, cell{}, cell{}, cell{text: strings.Repeat("  ", depth) + report.Clean(dir) + "/", style: report.Bold})
			folder = dirs[:depth+1]
		}
		folder = dirs
		t.add(fileCells(f, len(dirs))...)
	}
	return t
}

func fileCells(f *client.File, depth int) []cell {
	style, priority := report.Plain, map[int]string{-1: "low", 0: "normal", 1: "high"}[f.Priority]
	if !f.Wanted {
		style, priority = report.Faint, "skip"
	}
	part := 1.0
	if f.Size > 0 {
		part = float64(f.Have) / float64(f.Size)
	}
	return []cell{
		{text: strconv.Itoa(f.Index)}, {text: report.Size(f.Size)}, {text: report.Percent(part)},
		{text: priority, style: style}, {text: strings.Repeat("  ", depth) + report.Clean(path.Base(f.Name)), style: style},
	}
}
