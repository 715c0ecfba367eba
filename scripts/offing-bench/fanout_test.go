package main

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		figures []float64
		want    float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}} {
		if got := median(c.figures); got != c.want {
			t.Errorf("of %v: %v, want %v", c.figures, got, c.want)
		}
	}
}

func TestGoal(t *testing.T) {
	for _, c := range []struct {
		figure float64
		want   string
	}{
		{0.4, "- x: 0.4 (goal ≤ 0.4: met)\n"}, {0.41, "- x: 0.41 (goal ≤ 0.4: **missed**)\n"},
		{math.NaN(), "- x: NaN (goal ≤ 0.4: **missed**)\n"},
	} {
		if got := goal("x", c.figure, 0.4); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestCompact(t *testing.T) {
	const text = `{"rows":[{"id":7,"hash":"00112233445566778899aabbccddeeff00112233","ratio":0.5,"name":"abba"}],"e":"0011223344556677"}`
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var frame map[string]any
	if err := d.Decode(&frame); err != nil {
		t.Fatal(err)
	}
	n := make(names)
	got := compact(frame, n)
	want := map[int]any{
		n.of("e"): []byte{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77},
		n.of("rows"): []any{map[int]any{
			n.of("id"): int64(7), n.of("ratio"): 0.5, n.of("name"): "abba",
			n.of("hash"): []byte{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0, 0x11, 0x22, 0x33},
		}},
	}
	if !reflect.DeepEqual(got, want) || len(n) != 6 {
		t.Errorf("%v with %v, want %v", got, n, want)
	}
}

func TestBytesOf(t *testing.T) {
	var n bytesOf
	const rows = `[{"id":1,"rate_down":500},{"id":2,"rate_down":501}]`
	for range 2 {
		if err := n.add(`{"t":"torrents","s":5,"rows":` + rows + `}`); err != nil {
			t.Fatal(err)
		}
	}
	if whole := 2 * len(`{"t":"torrents","s":5,"rows":`+rows+`}`); n.json != whole || n.around != whole-2*len(rows) {
		t.Errorf("%+v of %d bytes", n, whole)
	}
	if n.cbor == 0 || n.cbor >= n.json || n.deflated == 0 || n.cborDeflated == 0 {
		t.Errorf("%+v", n)
	}
	if n.add("no JSON") == nil {
		t.Error("what is no frame was weighed")
	}
}
