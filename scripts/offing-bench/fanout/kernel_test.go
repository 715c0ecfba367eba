package fanout

import "testing"

func TestSockstat(t *testing.T) {
	const text = "sockets: used 17\nTCP: inuse 1 orphan 0 tw 1 alloc 1 mem 11\nUDP: inuse 0 mem 7\nUDPLITE: inuse 0\n"
	if got := sockstat(text); got != 11 {
		t.Errorf("%d pages, want 11", got)
	}
	if got := sockstat("UDP: inuse 0 mem 7\n"); got != 0 {
		t.Errorf("%d pages without a line for TCP", got)
	}
}

// What only passes through does not count, what stays does.
func TestFloors(t *testing.T) {
	second := int(sampleOver / sampleEvery)
	var f floors
	for i := range 3*second + 5 {
		sample := int64(10)
		switch {
		case i%5 == 0:
			sample = 1000 // a tick is on its way
		case i >= second && i < 2*second:
			sample = 70 // held in the second second, then given up
		}
		f.add(sample)
	}
	if got := f.highest(); got != 70 {
		t.Errorf("%d was held, want 70", got)
	}
}
