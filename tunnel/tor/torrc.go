package tor

import (
	"fmt"
	"path/filepath"
	"strings"

	"offing/tunnel/internal/torproc"
)

// Sockets in RunDir.
const (
	controlSocket = "control"
	socksSocket   = "socks"
	serviceSocket = "service"
)

// torrc returns the lines of our own process.
func (c *Config) torrc() ([]string, error) {
	w := &torrcWriter{}
	w.quoted("DataDirectory ", c.DataDir, "")
	w.quoted("PidFile ", filepath.Join(c.DataDir, "tor.pid"), "")
	w.quoted("ControlPort unix:", filepath.Join(c.RunDir, controlSocket), "")
	w.line("CookieAuthentication 1")
	w.line("Log notice stdout")
	w.line("ClientOnly 1")
	w.line("DormantCanceledByStartup 1") // or a Tor that was idle for a day starts asleep
	if c.Client {
		w.quoted("SocksPort unix:", filepath.Join(c.RunDir, socksSocket),
			" OnionTrafficOnly IsolateSOCKSAuth KeepAliveIsolateSOCKSAuth ExtendedErrors")
		w.line("SafeSocks 1")
		w.line("ConnectionPadding 1")
	} else {
		w.line("SocksPort 0")
	}
	if len(c.Bridges) > 0 {
		w.line("UseBridges 1")
	}
	for _, bridge := range c.Bridges {
		w.line("Bridge " + bridge)
	}
	for _, transport := range c.Transports {
		w.line("ClientTransportPlugin " + transport)
	}
	for _, extra := range c.Extra {
		w.extra(extra)
	}
	// Last, because HiddenService lines belong to the HiddenServiceDir before them.
	if s := c.Service; s != nil {
		w.quoted("HiddenServiceDir ", s.Dir, "")
		w.line("HiddenServiceVersion 3")
		w.quoted(fmt.Sprintf("HiddenServicePort %d unix:", Port), s.Socket, "")
		w.line("HiddenServicePoWDefensesEnabled 1")
		w.line(fmt.Sprintf("HiddenServiceMaxStreams %d", s.MaxStreams))
		w.line("HiddenServiceMaxStreamsCloseCircuit 1")
		w.line("HiddenServiceExportCircuitID haproxy")
	}
	return w.lines, w.err
}

// torrcWriter collects lines and the first error.
type torrcWriter struct {
	lines []string
	err   error
}

func (w *torrcWriter) line(line string) {
	if err := torproc.CheckLine(line); err != nil && w.err == nil {
		w.err = err
	}
	w.lines = append(w.lines, line)
}

func (w *torrcWriter) quoted(before, value, after string) {
	q, err := torproc.Quote(value)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.line(before + q + after)
}

// extra adds an operator's line, unless it gives the service's anonymity away.
func (w *torrcWriter) extra(line string) {
	name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch strings.ToLower(strings.TrimLeft(name, "+/")) {
	case "hiddenservicesinglehopmode", "hiddenservicenonanonymousmode":
		if w.err == nil {
			w.err = fmt.Errorf("%s would tell everybody where the box is: remove it", name)
		}
	}
	w.line(line)
}
