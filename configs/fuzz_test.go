package configs

import (
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// FuzzParse: no file makes the loader panic, what it accepts is TOML, and each
// fault names the file and a line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "a = 1\n", "d = \"1s\"\n", "list = [1, [2]]", "[t]\nx = 'y'\n", "[[ts]]\nx = \"y\"\n", "[[ts]]\n[ts.x]\n",
		"t = { x = \"y\", x = 1 }", "t.x.y = 1", "m.any.thing = 2\n", "[m]\nq = 1\n[m.z]\n", "\"\" = 1", "a = [", "[", "a = \"\x00\"", "é = 1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var into struct {
			A    int            `toml:"a"`
			D    Duration       `toml:"d"`
			List []int          `toml:"list"`
			M    map[string]int `toml:"m"`
			T    struct {
				X string `toml:"x"`
			} `toml:"t"`
			TS []struct {
				X string `toml:"x"`
			} `toml:"ts"`
		}
		err := parse("f", data, &into)
		if err == nil {
			if other := toml.Unmarshal(data, &map[string]any{}); other != nil {
				t.Errorf("accepted what is not TOML: %v", other)
			}
			return
		}
		if !strings.HasPrefix(err.Error(), "f:") {
			t.Errorf("fault without a place: %v", err)
		}
	})
}
