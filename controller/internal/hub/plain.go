package hub

import (
	"encoding/binary"
	"time"

	"github.com/gobwas/ws"
)

// plain makes a Wire of a Conn. It never writes without waiting, so that each of
// its messages is written by a goroutine that may wait.
type plain struct{ conn Conn }

func (plain) Wait(then func()) { go then() }

func (p plain) Next() (Message, error) {
	data, err := p.conn.Read()
	return Message{Text, data}, err
}

func (plain) WriteNow([][]byte) (int, error) { return 0, nil }

func (p plain) WriteAll(frames [][]byte, _ time.Duration) error {
	for _, frame := range frames {
		if err := p.write(opcode(frame), payload(frame)); err != nil {
			return err
		}
	}
	return nil
}

func (p plain) write(op ws.OpCode, data []byte) error {
	switch op {
	case ws.OpText:
		return p.conn.Write(data)
	case ws.OpPing:
		if k, ok := p.conn.(keeper); ok {
			return k.KeepAlive()
		}
	case ws.OpClose:
		_ = p.conn.Close(int(binary.BigEndian.Uint16(data)), string(data[2:])) // it may be closed already
	}
	return nil
}

func (p plain) Hurry(within time.Duration, code int, reason string) {
	time.AfterFunc(within, func() { p.Close(code, reason) })
}

func (plain) Finish() {}

func (p plain) Close(code int, reason string) { _ = p.conn.Close(code, reason) }
