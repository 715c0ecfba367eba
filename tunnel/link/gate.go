package link

import (
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
)

// gate bounds what peers that have not logged in can make the server hold.
//
// When all places for handshakes are taken a newcomer gets the place of one
// drawn at random. That is sshd's random early drop (MaxStartups) turned round:
// a stalled handshake sits there until its deadline, an honest one for seconds,
// so the draw nearly always hits a stalled one, and the owner is never turned
// away at the door.
type gate struct {
	maxHandshakes int
	maxPerCircuit int

	mu         sync.Mutex
	handshakes []*entrant
	circuits   map[string]int // open connections, logged in or not
}

// entrant is one connection that the gate has let in.
type entrant struct {
	conn    net.Conn
	circuit string // empty when it cannot be told from others
}

func newGate(maxHandshakes, maxPerCircuit int) *gate {
	return &gate{maxHandshakes: maxHandshakes, maxPerCircuit: maxPerCircuit, circuits: make(map[string]int)}
}

// enter lets conn in, or returns nil when its circuit has too many already. It
// closes another connection when there are too many handshakes.
func (g *gate) enter(conn net.Conn) *entrant {
	e := &entrant{conn: conn, circuit: circuitOf(conn)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.circuit != "" {
		if g.circuits[e.circuit] >= g.maxPerCircuit {
			return nil
		}
		g.circuits[e.circuit]++
	}
	if len(g.handshakes) >= g.maxHandshakes {
		i := rand.IntN(len(g.handshakes))
		g.handshakes[i].conn.Close()
		g.handshakes[i] = e
	} else {
		g.handshakes = append(g.handshakes, e)
	}
	return e
}

// passed frees the place of a handshake that has ended, whichever way.
func (g *gate) passed(e *entrant) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.handshakes, e); i >= 0 {
		g.handshakes = slices.Delete(g.handshakes, i, i+1)
	}
}

// leave is called once the connection is closed.
func (g *gate) leave(e *entrant) {
	g.passed(e)
	if e.circuit == "" {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.circuits[e.circuit]--; g.circuits[e.circuit] == 0 {
		delete(g.circuits, e.circuit)
	}
}

// circuitOf returns the circuit of conn, or nothing when its address does not
// name one. Such connections are not limited per circuit: an attacker and the
// owner would share the limit.
func circuitOf(conn net.Conn) string {
	address := conn.RemoteAddr()
	if address == nil {
		return ""
	}
	number, ok := strings.CutPrefix(address.String(), "circuit-")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return ""
	}
	return address.String()
}
