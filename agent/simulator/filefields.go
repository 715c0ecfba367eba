package simulator

func perFile(each func(*Simulator, []byte, *torrent, int) []byte) func(*Simulator, []byte, *torrent) []byte {
	return func(s *Simulator, b []byte, t *torrent) []byte {
		return appendList(b, t.files(), func(b []byte, i int, _ file) []byte { return each(s, b, t, i) })
	}
}

// appendWanted appends 0 or 1, or what releases of 4.0 had in their place.
func (s *Simulator) appendWanted(b []byte, t *torrent, i int) []byte {
	switch {
	case s.cfg.RPCVersion == RPC17:
		return appendBool(b, t.wanted(i))
	case t.wanted(i):
		return append(b, '1')
	}
	return append(b, '0')
}

func (s *Simulator) appendFiles(b []byte, t *torrent) []byte {
	at := int64(0)
	return appendList(b, t.files(), func(b []byte, _ int, f file) []byte {
		o := beginObject(b)
		newer := s.cfg.RPCVersion >= RPC18
		if newer {
			o.int("begin_piece", at/max(1, t.piece))
		}
		o.int("bytesCompleted", t.have(f))
		at += f.length
		if newer {
			o.int("end_piece", (at+t.piece-1)/max(1, t.piece))
		}
		o.int("length", f.length)
		name := t.name
		if f.name != "" {
			name += "/" + f.name
		}
		o.str("name", name)
		return o.end()
	})
}

func (s *Simulator) appendFileStats(b []byte, t *torrent) []byte {
	return appendList(b, t.files(), func(b []byte, i int, f file) []byte {
		o := beginObject(b)
		o.int("bytesCompleted", t.have(f))
		o.int("priority", int64(t.priority(i)))
		o.bool("wanted", t.wanted(i))
		return o.end()
	})
}

func (s *Simulator) appendAvailability(b []byte, t *torrent) []byte {
	bits := t.pieces()
	return appendList(b, make([]struct{}, t.pieceCount()), func(b []byte, i int, _ struct{}) []byte {
		if bits[i/8]&(0x80>>(i%8)) != 0 {
			return append(b, "-1"...)
		}
		return appendInt(b, t.peers/2)
	})
}
