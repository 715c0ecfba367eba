package simulator

import (
	"bytes"
	"strconv"
)

// raw is the undecoded value of the key "info", whose hash is the torrent's.
type raw []byte

// maxDepth bounds how deep values may lie in each other.
const maxDepth = 16

// parseBencode reads one value of BEP 3: int64, string, []any, map[string]any,
// and raw for the key "info". It returns nil for anything else.
func parseBencode(b []byte) any {
	d := decoder{rest: b}
	v := d.value(0)
	if d.failed || len(d.rest) > 0 {
		return nil
	}
	return v
}

type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) fail() any {
	d.failed = true
	return nil
}

// until cuts what comes before the byte end.
func (d *decoder) until(end byte) string {
	i := bytes.IndexByte(d.rest, end)
	if i < 0 {
		d.fail()
		return ""
	}
	s := string(d.rest[:i])
	d.rest = d.rest[i+1:]
	return s
}

func (d *decoder) value(depth int) any {
	if len(d.rest) == 0 || depth > maxDepth {
		return d.fail()
	}
	switch c := d.rest[0]; {
	case c == 'i':
		d.rest = d.rest[1:]
		n, err := strconv.ParseInt(d.until('e'), 10, 64)
		if err != nil {
			return d.fail()
		}
		return n
	case c >= '0' && c <= '9':
		return d.text()
	case c == 'l':
		return d.list(depth)
	case c == 'd':
		return d.dictionary(depth)
	}
	return d.fail()
}

func (d *decoder) text() any {
	n, err := strconv.Atoi(d.until(':'))
	if err != nil || n < 0 || n > len(d.rest) {
		return d.fail()
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

// more tells whether the list or dictionary goes on, and takes its end.
func (d *decoder) more() bool {
	if d.failed {
		return false
	}
	if len(d.rest) > 0 && d.rest[0] == 'e' {
		d.rest = d.rest[1:]
		return false
	}
	return true
}

func (d *decoder) list(depth int) any {
	d.rest = d.rest[1:]
	list := []any{}
	for d.more() {
		list = append(list, d.value(depth+1))
	}
	return list
}

func (d *decoder) dictionary(depth int) any {
	d.rest = d.rest[1:]
	members := make(map[string]any)
	for d.more() {
		key, ok := d.text().(string)
		if !ok {
			return d.fail()
		}
		from := d.rest
		v := d.value(depth + 1)
		if key == "info" && !d.failed {
			v = raw(from[:len(from)-len(d.rest)])
		}
		members[key] = v
	}
	return members
}
