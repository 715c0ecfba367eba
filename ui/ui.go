// Package ui owns the page: a Svelte program in src/, built by Vite into dist/,
// and embedded here so that the controller is one file. It imports nothing of
// ours; what it knows of the controller is the HTTP API and the WebSocket frames.
package ui

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// ErrNotBuilt is returned by Dist when the program was compiled without a page.
var ErrNotBuilt = errors.New("the page is not in this binary: run scripts/build, which builds the page first")

// files holds dist/ when it was there at compile time. dist.txt is in the
// repository so that the pattern matches, and a clean clone compiles, before it.
//
//go:embed all:dist*
var files embed.FS

// Dist returns the built page: index.html, and under assets/ the files that it
// names, whose names change with their content. The error is ErrNotBuilt.
func Dist() (fs.FS, error) { return built(files) }

func built(files fs.FS) (fs.FS, error) {
	if _, err := fs.Stat(files, "dist/index.html"); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	} else if err != nil {
		return nil, fmt.Errorf("read the embedded page: %w", err)
	}
	return fs.Sub(files, "dist")
}
