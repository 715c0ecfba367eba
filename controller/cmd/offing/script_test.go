package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"offing/tunnel"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"offing": main})
}

// TestScripts runs testdata/script: what each command does, told as a person
// would type it. Beside testscript's own commands there are
//
//	exits STATUS COMMAND…   runs a command and holds it to an exit status
//	controller FILE         answers on the socket in $RUN, /status with the file, and
//	                        METHOD /a/b with answers/METHOD-a-b, where a first line
//	                        of three digits is the status; without such a file 204.
//	                        What was asked so is in the file requests
//	asked N PATH            waits until the controller was asked N times
//	no-controller           ends it
//	mode PATH 600           holds a file to its permissions
//
// and files with pairing codes, good and bad: see setup.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		Setup:              setup,
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":         exits,
			"controller":    startController,
			"asked":         asked,
			"no-controller": func(ts *testscript.TestScript, _ bool, _ []string) { controllerOf(ts).close() },
			"mode":          mode,
		},
	})
}

func setup(env *testscript.Env) error {
	// The script's own folder is too long for a socket.
	run, err := os.MkdirTemp("", "offing-")
	if err != nil {
		return err
	}
	fake := &fakeController{socket: filepath.Join(run, "offing.sock"), asked: make(map[string]int), more: make(chan struct{})}
	env.Defer(func() { fake.close(); os.RemoveAll(run) })
	env.Values["controller"] = fake
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("RUN", run)
	env.Setenv("OFFING_CONFIG", filepath.Join(env.WorkDir, "offing.toml"))
	env.Setenv("LC_ALL", "C.UTF-8")
	env.Setenv("GORACE", "atexit_sleep_ms=0") // a second for each command otherwise
	env.Setenv("ONION", pairing(1).Address.Host())
	code := pairing(1).Code()
	for name, text := range map[string]string{
		"code":        code + "\n",
		"code2":       pairing(2).Code() + "\n",
		"broken":      "  " + strings.ToUpper(code[:40]) + "\r\n  " + strings.ReplaceAll(code[40:], "-", " ") + "\n\n",
		"truncated":   code[:len(code)-9],
		"mistyped":    code[:20] + swapped(code[20:]),
		"newer":       "offing2-" + code[8:],
		"offing.toml": fmt.Sprintf("state = %q\nrun = %q\n", filepath.Join(env.WorkDir, "state"), run),
	} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// swapped is code with its first character mistyped.
func swapped(code string) string {
	if code[0] == 'a' {
		return "b" + code[1:]
	}
	return "a" + code[1:]
}

// pairing returns a pairing with a box that does not exist.
func pairing(n byte) tunnel.Pairing {
	hostKey := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(n)), ed25519.SeedSize))).Public().(ed25519.PublicKey)
	// The address of the service with that key: Tor's keys are ed25519 too.
	return tunnel.Pairing{Address: addressOf(hostKey), HostKey: hostKey, Secret: [32]byte{n}}
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatInt(int64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// fakeController answers as a controller would, from a file.
type fakeController struct {
	socket string

	mu     sync.Mutex
	server *http.Server
	asked  map[string]int // requests by path
	more   chan struct{}  // closed at the next request
}

func controllerOf(ts *testscript.TestScript) *fakeController {
	return ts.Value("controller").(*fakeController)
}

func startController(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(controllerOf(ts).serve(ts.MkAbs(args[0]), ts.MkAbs(".")))
}

// serve answers /status with the file, as it is at the time, and the rest from
// the folder.
func (f *fakeController) serve(status, dir string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, status) })
	mux.HandleFunc("POST /api/v1/boxes/reload", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) { answer(w, r, dir) })
	listener, err := net.Listen("unix", f.socket)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		f.count(r.URL.Path)
	})}
	f.mu.Lock()
	f.server = server
	f.mu.Unlock()
	go server.Serve(listener) // until close
	return nil
}

// answer writes the request down and answers it from the folder.
func answer(w http.ResponseWriter, r *http.Request, dir string) {
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.RequestURI(), "/api/v1/")
	log, err := os.OpenFile(filepath.Join(dir, "requests"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(log, strings.TrimSpace(r.Method+" "+path+" "+string(body)))
		err = errors.Join(err, log.Close())
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	path, _, _ = strings.Cut(path, "?")
	text, err := os.ReadFile(filepath.Join(dir, "answers", r.Method+"-"+strings.ReplaceAll(path, "/", "-")))
	if err != nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	if status, err := strconv.Atoi(first); err == nil {
		if status >= http.StatusBadRequest {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		w.WriteHeader(status)
		text = []byte(rest)
	}
	_, _ = w.Write(text)
}

func (f *fakeController) count(path string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[strings.TrimPrefix(path, "/api/v1")]++
	close(f.more)
	f.more = make(chan struct{})
}

func (f *fakeController) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.server != nil {
		f.server.Close()
	}
}

// wait returns when path was asked n times, or when the test is over.
func (f *fakeController) wait(ctx context.Context, n int, path string) {
	for {
		f.mu.Lock()
		enough, more := f.asked[path] >= n, f.more
		f.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		}
	}
}

func asked(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	f := controllerOf(ts)
	if neg {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.asked[args[1]] >= n {
			ts.Fatalf("asked %d times for %s", f.asked[args[1]], args[1])
		}
		return
	}
	f.wait(context.Background(), n, args[1])
}
