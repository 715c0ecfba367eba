package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/net/proxy"

	"offing/controller"
	"offing/tunnel/tor"
)

func (a *app) proxy() *cobra.Command {
	var socks string
	cmd := &cobra.Command{
		Use:   "proxy HOST PORT",
		Short: "Connect standard input and output to an onion service",
		Long: `Connect the standard input and output to an onion service, through the Tor of a
running controller. It is made for ssh's ProxyCommand, see "offing box
ssh-config". Nothing but .onion names is accepted, so nothing is ever resolved.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := tor.ParseAddress(args[0])
			if err != nil {
				return usage(err)
			}
			port, err := strconv.ParseUint(args[1], 10, 16)
			if err != nil || port == 0 {
				return usage(errors.New("want a port from 1 to 65535"))
			}
			if socks == "" {
				cfg, err := a.config()
				if err != nil {
					return err
				}
				socks = socksAddress(&cfg)
			}
			conn, err := dialOnion(cmd.Context(), socks, to, int(port))
			if err != nil {
				return err
			}
			return join(cmd.Context(), conn, a.stdin, a.stdout)
		},
	}
	cmd.Flags().StringVar(&socks, "socks", "", "Tor's SOCKS `port`, unix:/path or host:port, instead of the controller's")
	return cmd
}

// socksAddress is where the controller's Tor takes SOCKS connections.
func socksAddress(cfg *controller.Config) string {
	if cfg.Tor.Control != "" {
		return cfg.Tor.SOCKS
	}
	return "unix:" + filepath.Join(cfg.RunDir(), "socks")
}

// dialOnion connects over a circuit of its own: a user name that was never used
// before is what Tor tells circuits apart by. The library's errors hold the
// address of the box, and so are not shown.
func dialOnion(ctx context.Context, socks string, to tor.Address, port int) (net.Conn, error) {
	network, address := "tcp", socks
	if path, ok := strings.CutPrefix(socks, "unix:"); ok || filepath.IsAbs(socks) {
		network, address = "unix", path
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, unreachable(fmt.Errorf("tor does not answer at %s: does the controller run? `offing serve` starts it", address))
	}
	d, err := proxy.SOCKS5(network, address, &proxy.Auth{User: rand.Text(), Password: "offing"}, dialed{conn})
	if err == nil {
		_, err = d.(proxy.ContextDialer).DialContext(ctx, "tcp", net.JoinHostPort(to.Host(), strconv.Itoa(port)))
	}
	if err != nil {
		conn.Close()
		return nil, cmp.Or(ctx.Err(), unreachable(errors.New("tor could not reach the box: `offing status` says why")))
	}
	return conn, nil
}

// dialed is a connection as a dialer. The SOCKS library would otherwise hide the
// type of its connection, and with it CloseWrite.
type dialed struct{ conn net.Conn }

// Dial returns the connection.
func (d dialed) Dial(string, string) (net.Conn, error) { return d.conn, nil }

// DialContext returns the connection.
func (d dialed) DialContext(context.Context, string, string) (net.Conn, error) { return d.conn, nil }

// join copies both ways until the service has closed its side or is gone.
func join(ctx context.Context, conn net.Conn, in io.Reader, out io.Writer) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer conn.Close()
	go func() { // ends with the program: a read of the standard input cannot be stopped
		_, _ = io.Copy(conn, in)
		if half, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
	}()
	_, err := io.Copy(out, conn)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return unreachable(fmt.Errorf("the connection broke: %w", err))
	}
	return nil
}
