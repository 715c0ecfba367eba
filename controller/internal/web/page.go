package web

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// page holds the built user interface.
type page struct{ files map[string]asset }

type asset struct {
	content   []byte
	mediaType string
	cache     string
}

// notBuilt is shown in place of a page that the binary was made without.
const notBuilt = "The page has not been built. Run scripts/build, then start the controller again.\n"

// mediaTypes are fixed, since those of the machine may be wrong.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".webp": "image/webp", ".woff2": "font/woff2",
}

// newPage reads all of ui; nil stands for a page that was not built.
func newPage(ui fs.FS) (*page, error) {
	p := &page{files: map[string]asset{}}
	if ui == nil {
		p.files["/index.html"] = asset{[]byte(notBuilt), mediaTypes[".txt"], "no-store"}
		return p, nil
	}
	err := fs.WalkDir(ui, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(ui, name)
		mediaType, known := mediaTypes[path.Ext(name)]
		if !known {
			mediaType = fiber.MIMEOctetStream
		}
		p.files["/"+name] = asset{content, mediaType, cacheOf(name)}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	if _, ok := p.files["/index.html"]; !ok {
		return nil, errors.New("the page has no index.html: run scripts/build")
	}
	return p, nil
}

// cacheOf lets browsers keep what has its content's hash in its name.
func cacheOf(name string) string {
	switch {
	case strings.HasPrefix(name, "assets/"):
		return "public, max-age=31536000, immutable"
	case path.Ext(name) == ".html":
		return "no-store"
	}
	return "no-cache"
}

// getPage answers with a file of the page, or with the page itself for what it
// shows under an address of its own.
func (s *Server) getPage(c *fiber.Ctx) error {
	name := c.Path()
	if name == "/api" || strings.HasPrefix(name, "/api/") {
		return fiber.ErrNotFound
	}
	file, ok := s.page.files[name]
	if !ok {
		if strings.Contains(name, ".") {
			return fiber.ErrNotFound
		}
		file = s.page.files["/index.html"]
	}
	c.Set(fiber.HeaderContentType, file.mediaType)
	c.Set(fiber.HeaderCacheControl, file.cache)
	return c.Send(file.content)
}
