package main

import (
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"offing/controller/client"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

// settingField is one thing that can be set: a member of command.NewSettings by its
// name in JSON.
type settingField struct {
	key   string
	index int
	kind  reflect.Type // of the value
}

func (s settingField) isSwitch() bool { return s.kind.Kind() == reflect.Bool }

// settingFields returns what can be set, in its order.
func settingFields() []settingField {
	t := reflect.TypeFor[command.NewSettings]()
	fields := make([]settingField, t.NumField())
	for i := range fields {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[i] = settingField{key, i, t.Field(i).Type.Elem()}
	}
	return fields
}

// unit is how a person writes the value of a key.
type unit struct {
	read func(string) (int64, error)
	say  func(int64) string
}

// unitOf returns the unit of a key whose value is no plain number.
func unitOf(key string) (unit, bool) {
	switch key {
	case "down_limit", "up_limit", "alt_down", "alt_up":
		return unit{speed, func(n int64) string { return report.Size(n) + "/s" }}, true
	case "ratio_limit":
		return unit{ratioUnits, func(n int64) string { return ratio(float64(n) / 10_000) }}, true
	case "idle_limit", "stalled_minutes":
		return unit{idleMinutes, func(n int64) string { return fmt.Sprintf("%dm", n) }}, true
	case "alt_begin", "alt_end":
		return unit{timeOfDay, func(n int64) string { return fmt.Sprintf("%02d:%02d", n/60, n%60) }}, true
	case "alt_days":
		return unit{weekDays, sayDays}, true
	}
	return unit{}, false
}

// switchOf is the key of the switch that tells whether the value of a key holds.
func switchOf(key string) string {
	switch key {
	case "down_limit", "up_limit", "ratio_limit", "idle_limit":
		return key + "ed"
	case "down_queue", "seed_queue":
		return key + "_enabled"
	case "stalled_minutes":
		return "stalled_enabled"
	}
	return ""
}

// readSettings reads KEY=VALUE. A limit that is set holds from then on, and "none"
// switches it off.
func readSettings(words []string) (*command.NewSettings, error) {
	var s command.NewSettings
	all := reflect.ValueOf(&s).Elem()
	fields := settingFields()
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		key = strings.ReplaceAll(key, "-", "_")
		i := slices.IndexFunc(fields, func(f settingField) bool { return f.key == key })
		if !ok || i < 0 {
			return nil, fmt.Errorf("there is no setting %q: `offing settings BOX` lists them", report.Clean(key))
		}
		if name := switchOf(key); name != "" {
			j := slices.IndexFunc(fields, func(f settingField) bool { return f.key == name })
			holds := text != "none"
			all.Field(j).Set(reflect.ValueOf(&holds))
			if !holds {
				continue
			}
		}
		value, err := readSetting(fields[i], text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		all.Field(i).Set(value)
	}
	return &s, nil
}

// readSetting returns a pointer to the value of a field.
func readSetting(f settingField, text string) (reflect.Value, error) {
	value := reflect.New(f.kind)
	switch f.kind.Kind() {
	case reflect.String:
		value.Elem().SetString(text)
	case reflect.Bool:
		on, err := onOff(text)
		if err != nil {
			return value, err
		}
		value.Elem().SetBool(on)
	default:
		read := func(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }
		u, ok := unitOf(f.key)
		if ok {
			read = u.read
		}
		n, err := read(text)
		switch {
		case err != nil && !ok:
			return value, fmt.Errorf("%q is no number", text)
		case err != nil:
			return value, err
		case n < 0 || value.Elem().CanInt() && value.Elem().OverflowInt(n):
			return value, fmt.Errorf("%q is out of bounds", text)
		case value.Elem().CanInt():
			value.Elem().SetInt(n)
		default:
			value.Elem().SetUint(uint64(n))
		}
	}
	return value, nil
}

// timeOfDay reads "23:30" as minutes after midnight.
func timeOfDay(text string) (int64, error) {
	h, m, ok := strings.Cut(text, ":")
	hours, errH := strconv.ParseUint(h, 10, 8)
	minutes, errM := strconv.ParseUint(m, 10, 8)
	if !ok || errH != nil || errM != nil || hours > 23 || minutes > 59 {
		return 0, fmt.Errorf("%q is no time of day: want one such as 23:30", text)
	}
	return int64(hours*60 + minutes), nil
}

// dayNames are the days in the order of their bits; see state.Settings.
func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// weekDays reads "mon,tue", "weekdays", "weekend" or "all" as bits.
func weekDays(text string) (int64, error) {
	var days int64
	for word := range strings.SplitSeq(strings.ToLower(text), ",") {
		switch word {
		case "all":
			days |= 0b1111111
		case "weekdays":
			days |= 0b0111110
		case "weekend":
			days |= 0b1000001
		default:
			i := slices.Index(dayNames(), word)
			if i < 0 {
				return 0, errors.New("want days such as mon,tue, or all, weekdays or weekend")
			}
			days |= 1 << i
		}
	}
	return days, nil
}

func sayDays(n int64) string {
	if bits.OnesCount8(uint8(n)&0b1111111) == 7 {
		return "all"
	}
	var days []string
	for i, name := range dayNames() {
		if n&(1<<i) != 0 {
			days = append(days, name)
		}
	}
	return strings.Join(days, ",")
}

// settingLines are the settings by their keys as readSettings reads them, and those
// of the daemon's own that cannot be set.
func settingLines(s client.Settings) [][2]string {
	values := make(map[string]reflect.Value)
	all := reflect.ValueOf(s)
	for _, f := range reflect.VisibleFields(all.Type()) {
		if key := f.Tag.Get("json"); key != "" && !f.Anonymous {
			values[key] = all.FieldByIndex(f.Index)
		}
	}
	var lines [][2]string
	for _, f := range settingFields() {
		if v, ok := values[f.key]; ok {
			lines = append(lines, [2]string{f.key, saySetting(f.key, v)})
		}
	}
	return append(lines, [2]string{"blocklist_size", strconv.Itoa(int(s.BlocklistSize))})
}

func saySetting(key string, v reflect.Value) string {
	var n int64
	switch {
	case v.Kind() == reflect.Bool && v.Bool():
		return "on"
	case v.Kind() == reflect.Bool:
		return "off"
	case v.Kind() == reflect.String:
		return report.Clean(v.String())
	case v.CanInt():
		n = v.Int()
	default:
		n = int64(v.Uint())
	}
	if u, ok := unitOf(key); ok {
		return u.say(n)
	}
	return strconv.FormatInt(n, 10)
}
