package simulator

import (
	"encoding/json"
)

// settingDefaults are the fields of a torrent that torrent-set changes and that
// change nothing else here.
var settingDefaults = map[string]string{
	"bandwidthPriority":   "0",
	"downloadLimit":       "100",
	"downloadLimited":     "false",
	"group":               `""`,
	"honorsSessionLimits": "true",
	"peer-limit":          "50",
	"seedIdleLimit":       "30",
	"seedIdleMode":        "0",
	"seedRatioLimit":      "2",
	"seedRatioMode":       "0",
	"sequential_download": "false",
	"uploadLimit":         "100",
	"uploadLimited":       "false",
}

func settingField(name string) func(*Simulator, []byte, *torrent) []byte {
	if name == "maxConnectedPeers" {
		name = "peer-limit"
	}
	byDefault, ok := settingDefaults[name]
	if !ok {
		return nil
	}
	return func(s *Simulator, b []byte, t *torrent) []byte {
		value, ok := t.set[name]
		switch {
		case ok:
			return append(b, value...)
		case name == "seedRatioLimit":
			return s.appendFloat(b, 2)
		}
		return append(b, byDefault...)
	}
}

// keep stores those of the arguments of torrent-set that are settings.
func (t *torrent) keep(arguments map[string]json.RawMessage) {
	for name, value := range arguments {
		if _, ok := settingDefaults[name]; !ok {
			continue
		}
		if t.set == nil {
			t.set = make(map[string]json.RawMessage)
		}
		t.set[name] = value
	}
}
