package controller

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"offing/controller/internal/boxtest"
	"offing/scripts/browser"
	"offing/tunnel/state"
)

// proxy is one of the web servers behind which people put the controller, with
// the configuration that we tell them to use.
type proxy struct {
	name    string
	config  string // in configs/proxy
	program string // below the folder that $OFFING_PROXIES names
	// adapt makes of the configuration what can run in a test.
	adapt func(config string, p place) string
	args  func(configFile string) []string
}

// place is where a proxy is, and what it stands before.
type place struct {
	dir      string // its own, with cert.pem and key.pem
	address  string // its host:port
	upstream string // the controller's host:port
}

var proxies = []proxy{
	{
		name: "nginx", config: "nginx.conf", program: "sbin/nginx",
		adapt: func(config string, p place) string {
			_, port, _ := net.SplitHostPort(p.address)
			site := strings.NewReplacer(
				"listen 443 ssl", "listen 127.0.0.1:"+port+" ssl", "home.example.org;", "localhost;",
				"/etc/ssl/home.example.org.pem", filepath.Join(p.dir, "cert.pem"),
				"/etc/ssl/home.example.org.key", filepath.Join(p.dir, "key.pem"),
				"127.0.0.1:8080", p.upstream,
			).Replace(config)
			temp := ""
			for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
				temp += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, p.dir, kind)
			}
			return fmt.Sprintf("daemon off;\nmaster_process off;\npid %s/pid;\nevents {}\nhttp {\naccess_log off;\n%s%s\n}\n", p.dir, temp, site)
		},
		args: func(file string) []string { return []string{"-e", "stderr", "-c", file} },
	},
	{
		name: "caddy", config: "Caddyfile", program: "bin/caddy",
		adapt: func(config string, p place) string {
			site := strings.NewReplacer(
				"home.example.org {", fmt.Sprintf("https://%s {\n\ttls %s/cert.pem %[2]s/key.pem", p.address, p.dir),
				"127.0.0.1:8080", p.upstream,
			).Replace(config)
			return "{\n\tadmin off\n\tauto_https off\n\tstorage file_system " + p.dir + "\n}\n" + site
		},
		args: func(file string) []string { return []string{"run", "--adapter", "caddyfile", "--config", file} },
	},
}

// TestProxies: behind each, over TLS and under a path, the page signs in and is
// live in a real browser, with the configuration that we ship.
func TestProxies(t *testing.T) {
	programs := os.Getenv("OFFING_PROXIES")
	if programs == "" {
		t.Fatal("OFFING_PROXIES names no folder with nginx and Caddy: scripts/test fetches them and sets it")
	}
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			at := place{dir: scratch(t), address: freeAddress(t), upstream: freeAddress(t)}
			at.address = strings.Replace(at.address, "127.0.0.1", "localhost", 1)
			certify(t, at.dir)
			p.run(t, programs, at)
			cfg := valid(t)
			cfg.Listen, cfg.PublicURL = at.upstream, "https://"+at.address+"/offing"
			cfg.TrustedProxies = []string{"127.0.0.1"}
			box := boxtest.New(t, 1)
			box.Put(torrent(50))
			pair(t, cfg, "demo", box)
			h := start(t, cfg, box)
			lookThrough(t, h, box)
			ask := signInThrough(t, h)
			uploadThrough(t, ask)
			streamThrough(t, ask)
		})
	}
}

func torrent(left int64) *state.Torrent {
	return &state.Torrent{Hash: state.Hash{1}, Name: "debian.iso", Status: state.Downloading, Metadata: state.Whole, Size: 100, Left: left}
}

// lookThrough makes the first account on the page, and waits for a change at the
// box to come through.
func lookThrough(t *testing.T, h *home, box *boxtest.Box) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b, err := browser.Open(ctx, 1280, 800, browser.AnyCertificate)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.SetUp(ctx, h.url+"/setup#"+h.token, user, password); err != nil {
		t.Fatalf("set up: %v", err)
	}
	half := `document.querySelector('[data-hash="0100000000000000000000000000000000000000"] [role=progressbar]')?.getAttribute("aria-valuenow")`
	if err := b.Until(ctx, half+` === "50.0"`); err != nil {
		t.Fatalf("the torrent: %v", err)
	}
	box.Put(torrent(20))
	if err := b.Until(ctx, half+` === "80.0"`); err != nil {
		t.Fatalf("the torrent's change: %v", err)
	}
	cookies, err := b.Cookies(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HTTPOnly || cookies[0].Path != "/offing" {
		t.Errorf("the cookies are %+v", cookies)
	}
}

// asker asks the API for something as somebody who is signed in.
type asker func(path, contentType, body string) (*http.Response, error)

const asJSON = "application/json"

// signInThrough signs in, behind a proxy.
func signInThrough(t *testing.T, h *home) asker {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	page := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	t.Cleanup(page.CloseIdleConnections)
	ask := func(path, contentType, body string) (*http.Response, error) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+"/api/v1/"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Origin", strings.TrimSuffix(h.url, "/offing"))
		answer, err := page.Do(r)
		if err == nil {
			t.Cleanup(func() { _ = answer.Body.Close() })
		}
		return answer, err
	}
	if answer, err := ask("session", asJSON, fmt.Sprintf(`{"user":%q,"password":%q}`, user, password)); err != nil || answer.StatusCode >= 300 {
		t.Fatalf("sign in: %v, %v", answer, err)
	}
	return ask
}

// uploadThrough sends as much as a .torrent file may have: it is nonsense, and it is
// the controller that has to say so.
func uploadThrough(t *testing.T, ask asker) {
	t.Helper()
	answer, err := ask("torrents?box=demo", "application/x-bittorrent", strings.Repeat("x", 8_000_000))
	if err != nil {
		t.Fatalf("upload: %v", err)
	}
	var problem struct{ Code string }
	if err := json.NewDecoder(answer.Body).Decode(&problem); err != nil || problem.Code != "bad-torrent" {
		t.Errorf("upload: status %d, %+v, %v", answer.StatusCode, problem, err)
	}
}

// streamThrough opens the stream of server-sent events, whose first one must not
// wait in a buffer of the proxy.
func streamThrough(t *testing.T, ask asker) {
	t.Helper()
	// Caddy 2.6 sometimes gives up an answer that begins before it has noticed that
	// the request was at its end; the page then tries again, as this does.
	const tries = 10
	for n := 1; ; n++ {
		answer, err := ask("tickets", asJSON, "{}")
		if err != nil {
			t.Fatalf("a ticket: %v", err)
		}
		var ticket struct{ Ticket string }
		if err := json.NewDecoder(answer.Body).Decode(&ticket); err != nil {
			t.Fatalf("a ticket: status %d, %v", answer.StatusCode, err)
		}
		stream, err := ask("stream", asJSON, fmt.Sprintf(`{"op":"open","ticket":%q}`, ticket.Ticket))
		event := ""
		if err == nil {
			event, err = bufio.NewReader(stream.Body).ReadString('\n')
		}
		if err == nil && strings.HasPrefix(event, `data: {"op":"opened"`) {
			return
		}
		if err == nil || n == tries {
			t.Fatalf("the first event is %.30q, %v", event, err)
		}
	}
}

// run starts the proxy, and ends it with the test.
func (p proxy) run(t *testing.T, programs string, at place) {
	t.Helper()
	shipped, err := os.ReadFile(filepath.Join("..", "configs", "proxy", p.config))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(at.dir, p.config)
	if err := os.WriteFile(file, []byte(p.adapt(string(shipped), at)), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(programs, p.program), p.args(file)...)
	cmd.Env = append(os.Environ(), "HOME="+at.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", p.name, &said)
		}
	})
	for deadline := time.After(patience); ; {
		conn, err := net.Dial("tcp", at.address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v", p.name, err)
		case <-deadline:
			t.Fatalf("%s does not listen", p.name)
		case <-time.After(20 * time.Millisecond): // there is no event for a port that opens
		}
	}
}

// freeAddress is one on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// certify writes a certificate for localhost that nobody has signed.
func certify(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
