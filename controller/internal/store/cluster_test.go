package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// clusterServers tells the test binary that it is a cluster.
const clusterServers = "OFFING_STORE_CLUSTER_SERVERS"

// patience is how long a test waits for what must come, before it fails.
const patience = time.Minute

// cluster starts three servers with JetStream on loopback, and returns their URL.
// They are in a process of their own: the servers race with themselves when a leader
// changes (nats-server 2.15.2, stream.inflight), and the race detector is for us.
func cluster(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCluster$")
	cmd.Env = append(os.Environ(), clusterServers+"=1", "GORACE=exitcode=0")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // that is what it waits for
		_ = cmd.Wait()
	})
	urls, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the cluster does not start: %v", err)
	}
	return strings.TrimSpace(urls)
}

// serveCluster runs the servers until the standard input ends, as it does when the
// test that started them dies.
func serveCluster(t *testing.T) {
	const n = 3
	routes := make([]*url.URL, n)
	for i := range routes {
		routes[i] = &url.URL{Scheme: "nats-route", Host: freeAddr(t)}
	}
	servers := make([]*server.Server, n)
	urls := make([]string, n)
	for i := range servers {
		servers[i] = startNode(t, i, routes)
		urls[i] = servers[i].ClientURL()
	}
	eventually(t, "the cluster has a leader and all of its members", func() bool {
		for _, s := range servers {
			if s.JetStreamIsLeader() {
				return len(s.JetStreamClusterPeers()) == n
			}
		}
		return false
	})
	fmt.Println(strings.Join(urls, ","))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func startNode(t *testing.T, i int, routes []*url.URL) *server.Server {
	t.Helper()
	_, port, err := net.SplitHostPort(routes[i].Host)
	if err != nil {
		t.Fatal(err)
	}
	o := &server.Options{
		ServerName: fmt.Sprintf("node-%d", i),
		Host:       "127.0.0.1", Port: server.RANDOM_PORT,
		NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 30, JetStreamMaxMemory: 1 << 26,
		Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1"},
		Routes:  routes,
	}
	if _, err := fmt.Sscan(port, &o.Cluster.Port); err != nil {
		t.Fatal(err)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patience) {
		t.Fatal("a server of the cluster does not start")
	}
	return s
}

// freeAddr returns an address on loopback that nobody listened at a moment ago:
// each server of a cluster must know the others' before it starts.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// eventually waits for what the servers among themselves give no sign of.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("it is not so that %s", what)
		}
		if err := pause(t.Context(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// openCluster opens a store in a cluster and closes it with the test.
func openCluster(t *testing.T, c Config) *Store {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestLeaderChanges has the leaders of a bucket and of a journal step down again and
// again: nothing that was acknowledged is lost, and no call notices.
func TestLeaderChanges(t *testing.T) {
	ctx := t.Context()
	s := openCluster(t, Config{URL: cluster(t), Replicas: 3})
	b, err := s.Bucket(ctx, BucketConfig{Name: "led"})
	if err != nil {
		t.Fatal(err)
	}
	j := openJournal(t, s, JournalConfig{})
	revision, err := b.Create(ctx, "k", []byte("0"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 3; i++ {
		stepDown(t, s, "KV_led")
		stepDown(t, s, "J_"+t.Name())
		value := strconv.Itoa(i)
		if revision, err = b.Update(ctx, "k", []byte(value), revision); err != nil {
			t.Fatalf("Update %d: %v", i, err)
		}
		stepDown(t, s, "KV_led")
		if e, err := b.Get(ctx, "k"); err != nil || string(e.Value) != value {
			t.Fatalf("Get: %q, %v; want %s", e.Value, err, value)
		}
		if err := b.Batch(ctx, []Write{{Op: Create, Key: value}, {Op: Put, Key: value + "!"}}); err != nil {
			t.Fatalf("Batch %d: %v", i, err)
		}
		if got := len(content(t, b)); got != 1+2*i {
			t.Fatalf("%d values, want %d", got, 1+2*i)
		}
		mustAppend(t, j, "s", value)
	}
	wantLast(t, j, "s", 10, "1", "2", "3")
}

// TestClusterConfig asks the servers what they have been told: how far a server may
// be behind cannot be made to show on one machine.
func TestClusterConfig(t *testing.T) {
	s := openCluster(t, Config{URL: cluster(t), Replicas: 3})
	if _, err := s.Bucket(t.Context(), BucketConfig{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	openJournal(t, s, JournalConfig{})
	for _, name := range []string{"KV_b", "J_" + t.Name()} {
		stream, err := s.js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if c := stream.CachedInfo().Config; c.Replicas != 3 || c.AllowDirect {
			t.Errorf("%s: %d replicas, and any of them answers: %v", name, c.Replicas, c.AllowDirect)
		}
	}
	// What the cluster cannot do is said with what to do about it.
	s.replicas = 5
	if _, err := s.Bucket(t.Context(), BucketConfig{Name: "c"}); err == nil || !strings.Contains(err.Error(), "store.replicas") {
		t.Errorf("more replicas than servers: %v", err)
	}
}

// TestNoCluster: nobody is at the address, and the error does not repeat it.
func TestNoCluster(t *testing.T) {
	addr := freeAddr(t)
	_, err := Open(t.Context(), Config{URL: "nats://" + addr, Replicas: 3, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "store.url") || strings.Contains(err.Error(), addr) {
		t.Errorf("got %v", err)
	}
}

// stepDown has the servers choose who leads the stream anew. What the old leader is
// told while it steps down is not answered, so stepDown returns after the choice.
func stepDown(t *testing.T, s *Store, stream string) {
	t.Helper()
	ctx, cancel := within(t.Context(), scanTimeout)
	defer cancel()
	if _, err := s.conn.RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN."+stream, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "somebody leads "+stream, func() bool {
		ctx, cancel := context.WithTimeout(ctx, readTry)
		defer cancel()
		st, err := s.js.Stream(ctx, stream)
		return err == nil && st.CachedInfo().Cluster != nil && st.CachedInfo().Cluster.Leader != ""
	})
}
