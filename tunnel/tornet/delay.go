package tornet

import (
	"bytes"
	"context"
	"net"
	"sync"
	"time"
)

const (
	delayChunk = 16 << 10 // bytes read at a time
	delayQueue = 256      // chunks on their way in one direction; a full queue holds the sender back
)

// delay forwards what connects to l to the address, each byte latency later. It
// returns when ctx has ended or l was closed, and its connections are gone.
func delay(ctx context.Context, l net.Listener, to string, latency time.Duration) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		from, err := l.Accept()
		if err != nil {
			cancel()
			return
		}
		conns.Go(func() { delayConn(ctx, from, to, latency) })
	}
}

func delayConn(ctx context.Context, from net.Conn, to string, latency time.Duration) {
	defer from.Close()
	var dialer net.Dialer
	onward, err := dialer.DialContext(ctx, "tcp4", to)
	if err != nil {
		return
	}
	defer onward.Close()
	stop := context.AfterFunc(ctx, func() { from.Close(); onward.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { delayCopy(onward, from, latency) })
	both.Go(func() { delayCopy(from, onward, latency) })
	both.Wait()
}

type delayed struct {
	due  time.Time
	data []byte
}

// delayCopy copies until src ends, then ends both: a Tor connection is of no use
// half open.
func delayCopy(dst, src net.Conn, latency time.Duration) {
	queue := make(chan delayed, delayQueue)
	var writer sync.WaitGroup
	writer.Go(func() {
		defer dst.Close()
		for d := range queue {
			time.Sleep(time.Until(d.due))
			if _, err := dst.Write(d.data); err != nil {
				src.Close() // ends the reader, and thereby the queue
			}
		}
	})
	buf := make([]byte, delayChunk)
	for {
		n, err := src.Read(buf)
		if n > 0 {
			queue <- delayed{time.Now().Add(latency), bytes.Clone(buf[:n])}
		}
		if err != nil {
			break
		}
	}
	close(queue)
	writer.Wait()
}
