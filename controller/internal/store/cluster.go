package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// connectTimeout is for one server of the cluster.
const connectTimeout = 5 * time.Second

// connect connects to the cluster at c.URL. When the connection breaks later it
// comes back by itself.
func connect(c Config) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name("offing"),
		nats.Timeout(connectTimeout),
		nats.MaxReconnects(-1),
		// While nobody is there a write fails, rather than being kept and sent when
		// its caller has long given up.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: we closed it
				c.Log.Warn("store: the connection to the cluster is lost", "err", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { c.Log.Info("store: connected to the cluster again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			c.Log.Warn("store: the cluster complains", "err", err)
		}),
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	conn, err := nats.Connect(c.URL, options...)
	if errors.Is(err, nats.ErrNoServers) {
		return nil, errors.New("connect to the cluster: no server answers at store.url")
	}
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	return conn, nil
}
