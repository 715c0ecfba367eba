// Package fanout measures servers that send the same to many WebSockets: ours and
// those of other libraries, with one client for all. Server and client are
// processes of their own, so that each one's processor time and memory can be
// told apart; this package starts them and tells them on their standard input
// what to do, a line of JSON each, which they answer with a line of JSON.
package fanout

import "time"

// Command is a line for a server.
type Command struct {
	// Op is "usage" for nothing but the answer; "settle" to give back the memory
	// that is not in use; "publish" to send an object of Size bytes to each of
	// Topics topics, t0 and so on, at each of Ticks ticks; and, for ours only,
	// "change" to change Rows torrents of the box at each of Ticks ticks, and
	// "tickets" to make Tickets tickets for Sessions sessions in turn. The answer
	// comes when it is done.
	Op       string        `json:"op"`
	Topics   int           `json:"topics,omitempty"`
	Ticks    int           `json:"ticks,omitempty"`
	Size     int           `json:"size,omitempty"`
	Interval time.Duration `json:"interval,omitempty"` // from tick to tick
	Rows     int           `json:"rows,omitempty"`
	Stamp    bool          `json:"stamp,omitempty"` // say in "uploaded" when they changed
	Tickets  int           `json:"tickets,omitempty"`
	Sessions int           `json:"sessions,omitempty"`
}

// Usage is a server's answer.
type Usage struct {
	CPU        time.Duration `json:"cpu"`      // since the start, in the kernel too
	Resident   int64         `json:"resident"` // bytes
	Goroutines int           `json:"goroutines"`
	Tickets    []string      `json:"tickets"` // of ours only
	Encoded    int64         `json:"encoded"` // of ours only: updates turned into frames since the start
}

// Protocol is how a connection says what it wants.
type Protocol string

// The protocols.
const (
	Plain      Protocol = "plain"      // the names of the topics with commas in one message
	Centrifuge Protocol = "centrifuge" // its JSON protocol
	Offing     Protocol = "offing"     // a ticket, then a message for each topic
)

// Order is a line for the client.
type Order struct {
	// Op is "connect" to open connections, answered when all are subscribed;
	// "reset" to forget what was counted; "count" for the counts alone, at little
	// cost; "seen" for the times too; and "keep" for the first messages as well.
	Op      string       `json:"op"`
	Connect *Connections `json:"connect,omitempty"`
}

// Connections is what to open.
type Connections struct {
	Address  string   `json:"address"` // host:port
	Path     string   `json:"path"`
	Protocol Protocol `json:"protocol"`
	Count    int      `json:"count"`
	Stalled  int      `json:"stalled"` // of them, never read after they were subscribed
	Topics   []string `json:"topics"`
	Tickets  []string `json:"tickets,omitempty"` // one for each connection
	Stamp    string   `json:"stamp"`             // what stands before a time in nanoseconds, such as "at":
}

// Seen is the client's answer: what came since "reset".
type Seen struct {
	Stamps   int           `json:"stamps"` // times found: messages, or rows
	Frames   int           `json:"frames"` // WebSocket messages
	Bytes    int64         `json:"bytes"`  // of them, with their heads
	Median   time.Duration `json:"median"` // from the time in a stamp
	P99      time.Duration `json:"p99"`
	Worst    time.Duration `json:"worst"`
	Closed   int           `json:"closed"`             // connections that the server has closed since the start
	Messages []string      `json:"messages,omitempty"` // the first since "reset", if asked for
}
