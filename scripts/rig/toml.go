package rig

import (
	"os"

	"github.com/pelletier/go-toml/v2"
)

// setting is one key of a configuration file; an empty table is the top.
type setting struct {
	table, key string
	value      any
}

func writeTOML(path string, settings []setting) error {
	doc := map[string]any{}
	for _, s := range settings {
		in := doc
		if s.table != "" {
			t, ok := doc[s.table].(map[string]any)
			if !ok {
				t = map[string]any{}
				doc[s.table] = t
			}
			in = t
		}
		in[s.key] = s.value
	}
	b, err := toml.Marshal(doc)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}
