package simulator

import (
	"fmt"
)

// peer is one connection of a torrent.
type peer struct {
	address, client, flags      string
	port                        int64
	progress                    float64
	down, up                    int64 // bytes a second, as we see it
	encrypted, incoming, viaUTP bool
}

var clients = []string{
	"qBittorrent 4.6.3", "Transmission 4.0.5", "µTorrent 3.6.0", "libtorrent (Rasterbar) 2.0.9",
	"rTorrent 0.9.8", "Deluge 2.1.1", "Transmission 3.00", "KTorrent 22.4", "BiglyBT 3.5.0.0",
}

// connections returns the peers; addresses are those that documents use
// (RFC 5737).
func (t *torrent) connections() []peer {
	r := t.random(aspectPeers)
	down, up := t.rates()
	list := make([]peer, t.peers)
	for i := range list {
		p := peer{
			address: fmt.Sprintf("%s.%d", []string{"192.0.2", "198.51.100", "203.0.113"}[r.IntN(3)], 1+r.IntN(254)),
			port:    int64(1024 + r.IntN(64000)), client: pick(r, clients), progress: float64(r.IntN(10001)) / 10000,
			encrypted: r.IntN(3) > 0, incoming: r.IntN(3) == 0, viaUTP: r.IntN(2) == 0,
		}
		if n := int64(t.sending); int64(i) < n {
			p.down = (down + int64(i)) / n
		} else if m := int64(t.getting); int64(i) < n+m {
			p.up, p.progress = (up+int64(i)-n)/m, p.progress*0.9
		}
		p.flags = p.letters()
		list[i] = p
	}
	return list
}

// letters are the flags of the daemon's own list of peers.
func (p *peer) letters() string {
	var b []byte
	add := func(is bool, c byte) {
		if is {
			b = append(b, c)
		}
	}
	add(p.viaUTP, 'T')
	add(p.down > 0, 'D')
	add(p.up > 0, 'U')
	add(p.encrypted, 'E')
	add(p.incoming, 'I')
	return string(b)
}
