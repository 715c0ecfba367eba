package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"
)

const (
	startTimeout = 20 * time.Second // a large store on a slow disk takes a few
	maxStore     = 4 << 30          // bytes on disk: people and sessions, never content
	maxMemory    = 16 << 20         // bytes; every bucket is on disk
	maxValue     = 256 << 10        // bytes
)

// startServer runs the embedded server: no port, no signals, no monitoring.
func startServer(dir string, key []byte, log *slog.Logger) (*server.Server, error) {
	srv, err := server.NewServer(&server.Options{
		ServerName:             "offing",
		DontListen:             true,
		NoSigs:                 true,
		NoSystemAccount:        true,
		DisableJetStreamBanner: true,
		JetStream:              true,
		StoreDir:               dir,
		SyncAlways:             true,
		JetStreamCipher:        server.ChaCha,
		JetStreamKey:           hex.EncodeToString(key),
		JetStreamMaxStore:      maxStore,
		JetStreamMaxMemory:     maxMemory,
		MaxPayload:             2 * maxValue, // with the headers
	})
	if err != nil {
		return nil, fmt.Errorf("configure the embedded server: %w", err)
	}
	srv.SetLogger(quietLog{log}, false, false)
	srv.Start()
	if !srv.ReadyForConnections(startTimeout) || !srv.JetStreamEnabled() {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, errors.New("the embedded server did not start: see the log")
	}
	return srv, nil
}

// lock takes the folder for this process. The kernel lets go of it when the
// process dies, however it dies.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// quietLog passes the server's words on, its notices as debugging.
type quietLog struct{ log *slog.Logger }

func (l quietLog) Noticef(f string, a ...any) { l.log.Debug("store: " + fmt.Sprintf(f, a...)) }
func (l quietLog) Warnf(f string, a ...any)   { l.log.Warn("store: " + fmt.Sprintf(f, a...)) }
func (l quietLog) Errorf(f string, a ...any)  { l.log.Error("store: " + fmt.Sprintf(f, a...)) }
func (l quietLog) Fatalf(f string, a ...any)  { l.log.Error("store: " + fmt.Sprintf(f, a...)) }
func (l quietLog) Debugf(string, ...any)      {}
func (l quietLog) Tracef(string, ...any)      {}
