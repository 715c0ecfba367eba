package rpc

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offing/controller/internal/account"
	"offing/controller/internal/control"
	"offing/controller/internal/fleet"
	"offing/controller/internal/owners"
	"offing/controller/internal/store"
	"offing/tunnel/command"
	"offing/tunnel/report"
	"offing/tunnel/state"
)

// The people of the tests, by their tokens.
var people = map[string]account.Principal{
	"anna-token": {User: "anna", Role: account.RoleUser, Scope: account.ScopeControl},
	"anna-read":  {User: "anna", Role: account.RoleUser, Scope: account.ScopeRead},
	"ben-token":  {User: "ben", Role: account.RoleUser, Scope: account.ScopeControl},
	"ada-token":  {User: "ada", Role: account.RoleAdmin, Scope: account.ScopeAdmin},
	"ada-little": {User: "ada", Role: account.RoleAdmin, Scope: account.ScopeControl},
}

// house is an endpoint with boxes, owners and a control that are made up.
type house struct {
	t     testing.TB
	end   *Endpoint
	store *store.Store
	dir   string

	mu       sync.Mutex
	now      time.Time
	boxes    []fleet.Box
	grants   map[owners.Key][]owners.Grant
	watcher  func(owners.Key)
	details  map[owners.Key]state.Detail
	open     map[owners.Key]func()
	watched  map[string]int
	asked    []control.Request
	answer   func(control.Request) control.Order // nil for one that is done
	orders   map[command.ID]control.Order
	canceled []command.ID
	question func(command.Command) (command.Result, error)
	audited  []string
	retry    bool
}

// AuthenticateToken implements Accounts.
func (h *house) AuthenticateToken(_ context.Context, token string, _ netip.Addr) (account.Principal, error) {
	if h.retry {
		return account.Principal{}, &account.RetryError{After: 3 * time.Second}
	}
	p, ok := people[token]
	if !ok {
		return p, account.ErrTokenRefused
	}
	return p, nil
}

// Boxes implements Boxes.
func (h *house) Boxes() []fleet.Box {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.boxes)
}

// fakeBoxes, fakeOwners and fakeControl keep the names of the interfaces apart.
type fakeBoxes struct{ *house }

func (b fakeBoxes) Watch(box string) (release func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watched[box]++
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.watched[box]--
	})
}

func (b fakeBoxes) Open(box string, hash state.Hash, changed func()) (release func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := owners.Key{Box: box, Hash: hash}
	b.open[k] = changed
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.open, k)
	}
}

func (b fakeBoxes) Detail(box string, hash state.Hash) (state.Detail, time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, ok := b.details[owners.Key{Box: box, Hash: hash}]
	return d, time.Time{}, ok
}

type fakeOwners struct{ *house }

func (o fakeOwners) Grants(k owners.Key, _ int64) []owners.Grant {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.grants[k]
}

func (o fakeOwners) Watch(f func(owners.Key)) (stop func()) {
	o.watcher = f
	return func() {}
}

type fakeControl struct{ *house }

func (c fakeControl) Do(_ context.Context, p account.Principal, r control.Request) ([]control.Order, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range r.Torrents {
		g := owners.GrantOf(c.grants[k], p.User)
		if p.Role != account.RoleAdmin && g.Access < owners.Act {
			return nil, control.ErrMayOnlySee
		}
	}
	c.asked = append(c.asked, r)
	o := control.Order{Do: r.Command.Kind, State: control.Done, Box: r.Box}
	for _, k := range r.Torrents {
		o.Box = k.Box
	}
	if c.answer != nil {
		o = c.answer(r)
	}
	o.ID = command.NewID()
	c.orders[o.ID] = o
	return []control.Order{o}, nil
}

func (c fakeControl) Ask(_ context.Context, _ account.Principal, _ string, q command.Command) (command.Result, error) {
	return c.question(q)
}

func (c fakeControl) Wait(ctx context.Context, _ account.Principal, id command.ID) (control.Order, error) {
	c.mu.Lock()
	o := c.orders[id]
	c.mu.Unlock()
	if !o.State.Ended() {
		<-ctx.Done()
	}
	return o, nil
}

func (c fakeControl) Cancel(_ context.Context, _ account.Principal, id command.ID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.canceled = append(c.canceled, id)
	o := c.orders[id]
	if o.State == control.Waiting {
		o.State = control.Cancelled
	}
	c.orders[id] = o
	return nil
}

// newHouse makes an endpoint with one box, "attic", that is up and empty.
func newHouse(t testing.TB) *house {
	h := &house{
		t: t, dir: t.TempDir(), now: time.Unix(1_800_000_000, 0), grants: map[owners.Key][]owners.Grant{}, details: map[owners.Key]state.Detail{},
		open: map[owners.Key]func(){}, watched: map[string]int{}, orders: map[command.ID]control.Order{},
	}
	h.addBox("attic")
	h.reopen()
	t.Cleanup(func() { _ = h.store.Close() })
	return h
}

func (h *house) reopen() {
	if h.store != nil {
		if err := h.store.Close(); err != nil {
			h.t.Fatal(err)
		}
	}
	var err error
	log := slog.New(slog.DiscardHandler)
	h.store, err = store.Open(context.Background(), store.Config{Dir: filepath.Join(h.dir, "store"), KeyFile: filepath.Join(h.dir, "key"), Log: log})
	if err != nil {
		h.t.Fatal(err)
	}
	h.end, err = Open(context.Background(), Config{
		Store: h.store, Accounts: h, Boxes: fakeBoxes{h}, Owners: fakeOwners{h}, Control: fakeControl{h}, Log: log,
		Audit: func(_ context.Context, _ account.Principal, action, object string) {
			h.audited = append(h.audited, action+" "+object)
		},
		Now: func() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now },
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// pass lets time go by, and the endpoint look at the boxes as Run does.
func (h *house) pass(d time.Duration) {
	for left := d; left > 0; left -= upkeep {
		h.mu.Lock()
		h.now = h.now.Add(min(upkeep, left))
		now := h.now
		h.mu.Unlock()
		h.end.windows.note(h.Boxes(), now)
		h.end.details.expire(now)
		h.end.watched.expire(now)
	}
}

func (h *house) addBox(name string) *state.State {
	s := state.New(state.Epoch(len(name)) + 7)
	s.Touch(h.now)
	_ = s.Update(func(tx *state.Tx) error {
		tx.SetHost(state.Host{DiskTotal: 9000, DiskFree: 4000})
		tx.SetSettings(state.Settings{
			DownloadDir: "/srv/torrents", RatioLimit: 20_000, RatioLimited: true, DownLimit: 100_000, PeerPort: 51413,
			StalledEnabled: true, StalledMinutes: 30, Encryption: "tolerated", StartAdded: true, IdleLimit: 30,
		})
		return nil
	})
	h.boxes = append(h.boxes, fleet.Box{Name: name, State: s, Line: report.Line{State: lineUp}})
	return s
}

func hashOf(n int) state.Hash {
	return state.Hash{byte(n), byte(n >> 8), byte(n >> 16), 0xab, 19: byte(n)}
}

// sample is a torrent with something in each field.
func sample(n int) *state.Torrent {
	return &state.Torrent{
		Hash: hashOf(n), Name: fmt.Sprintf("Linux %d", n), Status: state.Downloading, Size: 1_000_000, Left: 250_000, Metadata: state.Whole,
		RateDown: 5000, RateUp: 300, Downloaded: 750_000, Uploaded: 150_000, Peers: 3, PeersSending: 2, PeersGetting: 1, Added: 1_700_000_000 + int64(n),
		Queue: int32(n), Labels: []string{"iso"}, Dir: "/srv/torrents", Total: 1_200_000, Files: 3, Active: 1_799_999_990,
		Options:  state.Options{DownLimit: 20_000, PeerLimit: 50, RatioMode: state.LimitOwn, RatioLimit: 15_000, IdleLimit: 30},
		Trackers: []string{"https://tracker.example.org/abcdef0123456789abcdef/announce"},
	}
}

// put gives a box torrents, each owned by u unless it is empty.
func (h *house) put(box string, u account.User, all ...*state.Torrent) {
	for _, b := range h.Boxes() {
		if b.Name != box {
			continue
		}
		_ = b.State.Update(func(tx *state.Tx) error {
			for _, t := range all {
				tx.Put(t)
			}
			return nil
		})
	}
	for _, t := range all {
		if u != "" {
			h.grant(owners.Key{Box: box, Hash: t.Hash}, owners.Grant{User: u, Access: owners.Own})
		}
	}
}

// grant replaces who may see a torrent.
func (h *house) grant(k owners.Key, all ...owners.Grant) {
	h.mu.Lock()
	h.grants[k] = all
	h.mu.Unlock()
	if h.watcher != nil {
		h.watcher(k)
	}
}

func (h *house) remove(box string, hash state.Hash) {
	for _, b := range h.Boxes() {
		if b.Name == box {
			_ = b.State.Update(func(tx *state.Tx) error { tx.Remove(hash); return nil })
		}
	}
}

// basic is a header for the person of a token.
func basic(token string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(string(people[token].User)+":"+token))
}

// raw sends a body for a person.
func (h *house) raw(token, box, body string) Response {
	return h.end.Serve(context.Background(), Request{
		Method: http.MethodPost, Box: box, Authorization: basic(token), SessionID: h.end.sessionID(people[token].User), Body: []byte(body),
	})
}

// call makes a request in the old dialect and returns its result and arguments.
func (h *house) call(token, method string, args any) (string, map[string]any) {
	h.t.Helper()
	body, err := json.Marshal(map[string]any{"method": method, "arguments": args, "tag": 7})
	if err != nil {
		h.t.Fatal(err)
	}
	r := h.raw(token, "", string(body))
	var a struct {
		Result    string
		Arguments map[string]any
		Tag       int
	}
	if err := json.Unmarshal(r.Body, &a); err != nil || r.Status != 200 || a.Tag != 7 {
		h.t.Fatalf("%s: status %d, %v: %s", method, r.Status, err, r.Body)
	}
	return a.Result, a.Arguments
}

// ok makes a request that must succeed.
func (h *house) ok(token, method string, args any) map[string]any {
	h.t.Helper()
	result, a := h.call(token, method, args)
	if result != "success" {
		h.t.Fatalf("%s: %s", method, result)
	}
	return a
}

type m = map[string]any

// names returns the names of the torrents of an answer.
func names(a map[string]any) string {
	var all []string
	for _, t := range a["torrents"].([]any) {
		all = append(all, t.(m)["name"].(string))
	}
	return strings.Join(all, ",")
}

// serve answers on a real port, as the web server does.
func (h *house) serve(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a := h.end.Serve(r.Context(), Request{
			Method: r.Method, Authorization: r.Header.Get("Authorization"), SessionID: r.Header.Get(SessionHeader),
			Address: netip.MustParseAddr("127.0.0.1"), Body: body,
		})
		for _, x := range a.Header {
			w.Header().Set(x[0], x[1])
		}
		w.WriteHeader(a.Status)
		_, _ = io.Copy(w, bytes.NewReader(a.Body))
	}))
	t.Cleanup(s.Close)
	return s
}
