package executor

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"offing/tunnel/command"
)

const (
	fetchTimeout = time.Minute
	maxRedirects = 5
)

var (
	errForbidden  = errors.New("an address inside of the box or its network")
	errRedirects  = errors.New("too many redirects")
	errDowngrade  = errors.New("a redirect from https to http")
	errBadAddress = errors.New("no http or https URL")
)

// fetcher fetches .torrent files for people who are not on the box, and so must not
// get at what only the box can reach.
type fetcher struct {
	private bool
	client  *http.Client
	own     func() ([]net.Addr, error) // addresses of the box
	exempt  func(netip.AddrPort) bool  // of tests only: what counts as public
}

func newFetcher(private bool) *fetcher {
	f := &fetcher{private: private, own: net.InterfaceAddrs}
	dialer := &net.Dialer{Timeout: 20 * time.Second, ControlContext: f.control}
	f.client = &http.Client{
		Timeout:       fetchTimeout,
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy of the environment would dial for us
			DialContext:            dialer.DialContext,
			DisableKeepAlives:      true, // each host once
			MaxResponseHeaderBytes: 64 << 10,
			TLSHandshakeTimeout:    20 * time.Second,
			ForceAttemptHTTP2:      true,
		},
	}
	return f
}

// control looks at the very address that is about to be dialled, so a name that
// resolves to another one the second time gains nothing.
func (f *fetcher) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return errForbidden
	}
	switch {
	case f.exempt != nil && f.exempt(to):
		return nil
	case never(to.Addr()):
		return errForbidden
	case f.private:
		return nil
	case private(to.Addr()) || f.isOwn(to.Addr()):
		return errForbidden
	}
	return nil
}

func (f *fetcher) isOwn(ip netip.Addr) bool {
	list, err := f.own()
	if err != nil {
		return true // what cannot be told is not allowed
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == ip.Unmap() {
				return true
			}
		}
	}
	return false
}

// checkRedirect keeps cookies to the first host, and says nobody where we come from:
// the URL of a private tracker has a secret in it.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case req.URL.Scheme == "magnet":
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return errRedirects
	case req.URL.Scheme != "http" && req.URL.Scheme != "https" || req.URL.Host == "":
		return errBadAddress
	case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme == "http":
		return errDowngrade
	}
	req.Header.Del("Referer")
	if req.URL.Host != via[0].URL.Host {
		req.Header.Del("Cookie")
		req.Header.Del("Authorization")
	}
	return nil
}

// fetch returns what a URL leads to: the Metainfo of a torrent, or, by a redirect, a
// Magnet link. No Fault says where it leads.
func (f *fetcher) fetch(ctx context.Context, address, cookies string) (command.Addition, *command.Fault) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(address) > command.MaxURL {
		return command.Addition{}, fetchFault(errBadAddress)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return command.Addition{}, fetchFault(errBadAddress)
	}
	req.Header.Set("User-Agent", "Transmission") // some trackers refuse what they do not know
	req.Header.Set("Accept", "application/x-bittorrent, */*;q=0.1")
	if cookies != "" {
		req.Header.Set("Cookie", cookies)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return command.Addition{}, fetchFault(err)
	}
	defer resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 && strings.HasPrefix(strings.ToLower(to), "magnet:") {
		return command.Addition{Magnet: to}, nil
	}
	if resp.StatusCode != http.StatusOK {
		return command.Addition{}, &command.Fault{Code: command.NoFetch, Text: "the URL answers with the HTTP status " + resp.Status[:min(len(resp.Status), 3)] + ": check it, and whether it needs cookies"}
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, command.MaxMetainfo+1))
	if err != nil {
		return command.Addition{}, fetchFault(err)
	}
	if len(text) > command.MaxMetainfo {
		return command.Addition{}, &command.Fault{Code: command.NoFetch, Text: "what the URL gives is too large for a torrent file"}
	}
	if _, err := infoOf(text); err != nil {
		return command.Addition{}, &command.Fault{Code: command.NoFetch, Text: "what the URL gives is no torrent file: it may ask for a login"}
	}
	return command.Addition{Metainfo: text}, nil
}

// fetchFault says why nothing was fetched, without the URL, in which there may be a
// secret, and without what is inside of the box's network.
func fetchFault(err error) *command.Fault {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, errForbidden):
		return &command.Fault{Code: command.ForbiddenURL, Text: "the URL leads to an address inside of the box or its network: give the torrent file itself"}
	case errors.Is(err, errBadAddress):
		return &command.Fault{Code: command.ForbiddenURL, Text: "the URL is, or leads to, none with http or https"}
	case errors.Is(err, errDowngrade):
		return &command.Fault{Code: command.NoFetch, Text: "the URL leads from https to http, where others could read along"}
	case errors.Is(err, errRedirects):
		return &command.Fault{Code: command.NoFetch, Text: "the URL leads in circles"}
	case errors.As(err, &dns):
		return &command.Fault{Code: command.NoFetch, Text: "the box cannot find the host of the URL: check its name"}
	case errors.As(err, &timeout) && timeout.Timeout():
		return &command.Fault{Code: command.NoFetch, Text: "the host of the URL does not answer in time: try again later"}
	}
	return &command.Fault{Code: command.NoFetch, Text: "the box cannot fetch the URL: check it, or give the torrent file itself"}
}
