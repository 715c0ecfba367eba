// Package web owns the controller's doors: HTTP and WebSocket on Fiber, on a TCP
// port with sign-in and on a Unix socket, which only its owner can open, without.
package web

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"

	"offing/controller/internal/account"
)

// ErrUnknownBox is what Boxes returns for a box that does not exist for the asker.
var ErrUnknownBox = errors.New("no such box")

// Config holds what a Server needs.
type Config struct {
	Listen    string   // TCP address, such as 127.0.0.1:8080; port 0 picks one
	Socket    string   // path of the Unix socket; its folder is made 0700
	PublicURL string   // where people reach the controller through a proxy, with a path perhaps; may be empty
	Hosts     []string // further Host names, as browsers send them: "name" or "name:port"
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix

	Accounts *account.Accounts
	Hub      Hub // closed when Serve ends
	Boxes    Boxes
	Control  Control
	RPC      RPC // for apps that speak Transmission's RPC; nil for none
	Owners   Owners
	// Audit keeps what administrators do; AuditLog returns the last n, oldest first.
	// Both may be nil.
	Audit    func(ctx context.Context, actor account.Principal, action, object string)
	AuditLog func(ctx context.Context, n int) ([]AuditEntry, error)
	UI       fs.FS // the built page; nil answers with how to build it
	Log      *slog.Logger
}

// Bounds of what a stranger can make the server hold.
const (
	maxBody      = 144 << 10        // bytes of a request's body: 1,000 torrents with their boxes; see maxUpload
	maxHead      = 8 << 10          // bytes of a request's line and headers
	maxConns     = 16384            // HTTP connections at once, and as many live ones
	readTimeout  = 15 * time.Second // for a whole request
	writeTimeout = 30 * time.Second // for a whole answer
	idleTimeout  = 2 * time.Minute  // between two requests
	stopTimeout  = 5 * time.Second  // for requests under way when the server stops
)

// Server is bound to its doors from New on.
type Server struct {
	Config
	names   *names
	page    *page
	sockets *sockets
	streams *streams
	waits   *waits
	leases  *leases

	description []byte // of the API, as JSON
	tcp         net.Listener
	unix        net.Listener
	ctx         context.Context // ends when the server stops
	cancel      context.CancelFunc
}

// New binds the TCP port and the Unix socket. The caller then calls Serve, or
// Close when it cannot. An error says what to do about it.
func New(c Config) (*Server, error) {
	page, err := newPage(c.UI)
	if err != nil {
		return nil, err
	}
	description, err := describe()
	if err != nil {
		return nil, err
	}
	sockets, err := newSockets()
	if err != nil {
		return nil, err
	}
	s := &Server{description: description, Config: c, page: page, sockets: sockets, streams: newStreams(), waits: newWaits(), leases: newLeases()}
	if s.tcp, err = listenTCP(c.Listen); err != nil {
		sockets.poller.close()
		return nil, err
	}
	if s.names, err = newNames(s.tcp.Addr(), c); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.unix, err = listenUnix(c.Socket); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// URL is where a browser on this machine finds the page, without a slash at its end.
func (s *Server) URL() string { return s.names.local }

// Serve answers until ctx ends, then closes the Hub and with it every live
// connection, and unbinds. It returns nil when it was stopped by ctx.
func (s *Server) Serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, door := range []struct {
		app      *fiber.App
		listener net.Listener
	}{{s.tcpApp(), s.tcp}, {s.unixApp(), s.unix}} {
		g.Go(func() error { return door.app.Listener(door.listener) })
		g.Go(func() error {
			<-ctx.Done()
			s.cancel()
			s.Hub.Close()
			stopping, cancel := context.WithTimeout(context.Background(), stopTimeout)
			defer cancel()
			_ = door.app.ShutdownWithContext(stopping) // what takes longer ends with the process
			_ = door.listener.Close()
			return nil
		})
	}
	return errors.Join(g.Wait(), s.Close())
}

// Close unbinds the doors. It is for a server that never served.
func (s *Server) Close() error {
	if s.cancel != nil {
		s.cancel()
	}
	s.sockets.poller.close()
	_ = s.tcp.Close() // it may be closed already
	if s.unix == nil {
		return nil
	}
	_ = s.unix.Close()
	if err := os.Remove(s.Socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// newApp returns an app with what both doors have in common. uploader tells of the
// head of a request whose it is, and whether its body may be a large one.
func (s *Server) newApp(uploader func(*fasthttp.RequestHeader) (account.User, bool)) *fiber.App {
	app := fiber.New(fiber.Config{
		CaseSensitive:         true,
		StrictRouting:         true,
		Immutable:             true, // else strings die with the request that they came in
		BodyLimit:             maxBody,
		ReadBufferSize:        maxHead,
		Concurrency:           maxConns,
		ReadTimeout:           readTimeout,
		WriteTimeout:          writeTimeout,
		IdleTimeout:           idleTimeout,
		DisableStartupMessage: true,
		ErrorHandler:          s.reply,
		// A form is refused anyway, so it need not be parsed first.
		DisablePreParseMultipartForm: true,
	})
	// A live connection is not fasthttp's any more: what it keeps for the request
	// is given back, and the connection is closed by whoever has it.
	app.Server().KeepHijackedConns = true
	app.Server().HeaderReceived = s.admitUploads(uploader)
	app.Use(s.catch, s.endUpload, headers)
	return app
}

func (s *Server) tcpApp() *fiber.App {
	app := s.newApp(s.uploader)
	app.Use(s.checkHost, s.withoutPrefix)
	api := app.Group("/api/v1", s.checkOrigin)
	api.Get("/openapi.json", s.getDescription)
	s.accountRoutes(api)
	s.liveRoutes(api)
	api.Post("/tickets", s.signedIn, bySession, s.postTickets)
	api.Get("/status", s.signedIn, scoped(account.ScopeRead), s.getStatus)
	api.Get("/boxes/:box/list", s.signedIn, scoped(account.ScopeRead), s.getList)
	s.ownerRoutes(api, s.signedIn)
	s.controlRoutes(api, s.signedIn)
	s.rpcRoutes(app)
	app.Get("/*", s.getPage)
	return app
}

func (s *Server) unixApp() *fiber.App {
	app := s.newApp(func(*fasthttp.RequestHeader) (account.User, bool) { return "", true })
	api := app.Group("/api/v1", asAdmin)
	api.Get("/setup", s.getSetup)
	api.Get("/openapi.json", s.getDescription)
	s.peopleRoutes(api)
	api.Get("/status", s.getStatus)
	api.Get("/boxes/:box/list", s.getList)
	api.Post("/boxes/reload", s.postReload)
	api.Post("/users/:user/tokens", s.postUserToken)
	s.ownerRoutes(api)
	s.controlRoutes(api)
	return app
}
