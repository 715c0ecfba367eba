package web

import (
	_ "embed" // the description
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var openAPI []byte

// describe returns the API's description as JSON.
var describe = sync.OnceValues(func() ([]byte, error) {
	var d map[string]any
	if err := yaml.Unmarshal(openAPI, &d); err != nil {
		return nil, fmt.Errorf("the description of the API: %w", err)
	}
	// What the file keeps its anchors in is of no use to others.
	maps.DeleteFunc(d, func(name string, _ any) bool { return strings.HasPrefix(name, "x-") })
	return json.Marshal(d)
})

// getDescription answers with the OpenAPI description of the API.
func (s *Server) getDescription(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(s.description)
}
