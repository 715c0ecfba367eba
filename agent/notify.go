package agent

import (
	"net"
	"os"
)

// notifier tells the service manager how the agent is, as sd_notify(3) does. It
// does nothing without a service manager.
type notifier struct{ socket string }

func newNotifier() notifier { return notifier{os.Getenv("NOTIFY_SOCKET")} }

// tell sends assignments such as "READY=1". A service manager that does not
// listen is no reason to stop.
func (n notifier) tell(assignments string) {
	if n.socket == "" {
		return
	}
	// net writes a leading @ as the zero of an abstract socket.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(assignments))
}
