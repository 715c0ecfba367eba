package mirror

import "time"

// maxDrift is how much faster or slower than the other's a clock may run. It is
// also by how much a queue that never empties is underrated after a while.
const maxDrift = 100e-6

// transit estimates how long a frame was on its way, without the two ends having
// to agree on the time. Both measure from the Welcome; a frame that arrives later
// than the fastest one did, by the other's stopwatch, has waited in the line.
type transit struct {
	oneWay  time.Duration // of the Welcome
	began   time.Time     // its arrival
	last    time.Time     // of the last estimate
	fastest time.Duration // the least difference between the two stopwatches, the present drift allowed for
}

// newTransit takes half the time from the Hello to the Welcome for the way of the
// Welcome.
func newTransit(hello, welcome time.Time) transit {
	return transit{oneWay: welcome.Sub(hello) / 2, began: welcome, last: welcome}
}

// estimate is for a frame that arrived at now and was written elapsed after the
// Welcome.
func (t *transit) estimate(now time.Time, elapsed time.Duration) time.Duration {
	late := now.Sub(t.began) - elapsed
	t.fastest += time.Duration(maxDrift * float64(now.Sub(t.last)))
	t.fastest = min(t.fastest, late)
	t.last = now
	return t.oneWay + late - t.fastest
}
