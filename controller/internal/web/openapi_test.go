package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"offing/controller/client"
	"offing/controller/internal/account"
	"offing/controller/internal/owners"
	"offing/tunnel/command"
	"offing/tunnel/report"
)

// object is a JSON object of the description.
type object = map[string]any

// description is the API's, read once, with the schemas of objects closed: what the
// description does not know must not be in an answer.
type description struct {
	object
	mu      sync.Mutex
	schemas *jsonschema.Compiler
}

var described = sync.OnceValues(func() (*description, error) {
	data, err := describe()
	if err != nil {
		return nil, err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	closeObjects(v)
	d := &description{object: v.(object), schemas: jsonschema.NewCompiler()}
	d.schemas.AssertFormat()
	return d, d.schemas.AddResource("http://offing/openapi.json", v)
})

// closeObjects lets no object schema have members that it does not name.
func closeObjects(v any) {
	switch v := v.(type) {
	case object:
		if _, ok := v["properties"].(object); ok && v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, member := range v {
			closeObjects(member)
		}
	case []any:
		for _, element := range v {
			closeObjects(element)
		}
	}
}

var parameter = regexp.MustCompile(`:(\w+)`)

// operation returns what the description says of a route, such as "GET /api/v1/boxes".
func (d *description) operation(route string) (object, bool) {
	method, path, _ := strings.Cut(route, " ")
	path = parameter.ReplaceAllString(strings.TrimPrefix(path, "/api/v1"), "{$1}")
	item, _ := d.object["paths"].(object)[path].(object)
	op, ok := item[strings.ToLower(method)].(object)
	return op, ok
}

// find returns the path of the description that an address is of.
func (d *description) find(method, path string) (string, bool) {
	_, path, ok := strings.Cut(path, "/api/v1/")
	if !ok {
		return "", false
	}
	parts := strings.Split(path, "/")
	best, given := "", -1
	for template, item := range d.object["paths"].(object) {
		if _, ok := item.(object)[strings.ToLower(method)]; !ok {
			continue
		}
		names := strings.Split(template[1:], "/")
		same := len(names) == len(parts)
		n := 0
		for i := 0; same && i < len(names); i++ {
			literal := !strings.HasPrefix(names[i], "{")
			same = !literal || names[i] == parts[i]
			if literal {
				n++
			}
		}
		if same && n > given {
			best, given = template, n
		}
	}
	return best, given >= 0
}

func escaped(part string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(part) }

// check holds an answer against the description.
func (d *description) check(r *http.Request, status int, kind string, body []byte) error {
	path, ok := d.find(r.Method, r.URL.EscapedPath())
	if !ok {
		return nil // not of the API: the page's own, or what there is not
	}
	kind, _, _ = strings.Cut(kind, ";")
	at := "/paths/" + escaped(path) + "/" + strings.ToLower(r.Method) + "/responses/"
	op, _ := d.object["paths"].(object)[path].(object)[strings.ToLower(r.Method)].(object)
	said, ok := op["responses"].(object)[fmt.Sprint(status)].(object)
	if at += fmt.Sprint(status); !ok {
		if status < 400 {
			return fmt.Errorf("%s %s: the description knows no %d", r.Method, path, status)
		}
		said, at = d.object["components"].(object)["responses"].(object)["Problem"].(object), "/components/responses/Problem"
	}
	content, _ := said["content"].(object)
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("%s %s: %d has a body", r.Method, path, status)
		}
		return nil
	}
	if _, ok := content[kind]; !ok {
		return fmt.Errorf("%s %s: %d is of the type %q", r.Method, path, status, kind)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	d.mu.Lock()
	schema, err := d.schemas.Compile("http://offing/openapi.json#" + at + "/content/" + escaped(kind) + "/schema")
	d.mu.Unlock()
	if err != nil {
		return err
	}
	if err := schema.Validate(v); err != nil {
		return fmt.Errorf("%s %s: %d %s: %w", r.Method, path, status, body, err)
	}
	return nil
}

// asDescribed fails a test whose answer is not as the description says. All answers
// of this package's tests come by here.
func asDescribed(t *testing.T, r *http.Request, a *answer) {
	t.Helper()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	if r.Method == http.MethodHead || a.Header.Get("Content-Type") == "text/event-stream" {
		return
	}
	if err := d.check(r, a.StatusCode, a.Header.Get("Content-Type"), []byte(a.body)); err != nil {
		t.Error(err)
	}
}

// TestDescriptionIsOfTheRoutes: every route is described, with who may use it, and
// nothing else is.
func TestDescriptionIsOfTheRoutes(t *testing.T) {
	f := start(t)
	defer func() { _ = f.Close() }()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	there := routesOf(f.tcpApp())
	onlyUnix := routesOf(f.unixApp())
	for route := range there {
		delete(onlyUnix, route)
	}
	all := map[string]bool{}
	for route := range maps.Keys(merged(there, onlyUnix)) {
		if route == "GET /*" {
			continue
		}
		op, ok := d.operation(route)
		if !ok {
			t.Errorf("%s is not described", route)
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		all[strings.ToLower(method)+parameter.ReplaceAllString(strings.TrimPrefix(path, "/api/v1"), "{$1}")] = true
		if (op["x-socket-only"] == true) != onlyUnix[route] {
			t.Errorf("%s: by the socket only?", route)
		}
		if summary, _ := op["summary"].(string); summary == "" {
			t.Errorf("%s has no summary", route)
		}
		if want, ok := proofs[routes[route]]; ok && !onlyUnix[route] {
			if got := proofOf(d, op); got != want {
				t.Errorf("%s needs %q, and is described with %q", route, want, got)
			}
		}
	}
	for path, item := range d.object["paths"].(object) {
		for method, op := range item.(object) {
			if _, ok := op.(object); ok && !all[method+path] {
				t.Errorf("%s %s is described, and there is no such route", method, path)
			}
		}
		for _, name := range regexp.MustCompile(`{(\w+)}`).FindAllStringSubmatch(path, -1) {
			if text, _ := json.Marshal(item); !strings.Contains(string(text), `"in":"path","name":"`+name[1]+`"`) {
				t.Errorf("%s does not describe {%s}", path, name[1])
			}
		}
	}
}

func merged(a, b map[string]bool) map[string]bool {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// proofs is how the description says who may use a route.
var proofs = map[access]string{
	everybody: "", readers: "session token[read]", controls: "session token[control]", adminsOnly: "session token[admin]", sessions: "session",
}

func proofOf(d *description, op object) string {
	security, ok := op["security"].([]any)
	if !ok {
		security = d.object["security"].([]any)
	}
	var words []string
	for _, one := range security {
		for name, scopes := range one.(object) {
			if s := scopes.([]any); len(s) > 0 {
				name += fmt.Sprint(s)
			}
			words = append(words, name)
		}
	}
	return strings.Join(words, " ")
}

// TestDescriptionIsOfTheTypes: what is described has the members that the handlers
// read and write.
func TestDescriptionIsOfTheTypes(t *testing.T) {
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	schemas := d.object["components"].(object)["schemas"].(object)
	for name, v := range map[string]any{
		"Problem": problem{}, "CommandRequest": client.DoRequest{}, "AddRequest": client.AddRequest{}, "Changes": command.Changes{},
		"Order": client.Order{}, "Result": command.Result{}, "Fault": command.Fault{}, "Space": command.Space{}, "Torrent": client.Row{},
		"Whole": client.Whole{}, "Options": client.Options{}, "Box": client.Box{}, "Settings": client.Settings{}, "Line": report.Line{},
		"Daemon": report.Daemon{}, "Report": report.Box{}, "Quota": owners.Quota{}, "Usage": owners.Usage{}, "TorrentRef": client.Torrent{},
	} {
		want := members(reflect.TypeOf(v))
		got := slices.Sorted(maps.Keys(schemas[name].(object)["properties"].(object)))
		if !slices.Equal(got, want) {
			t.Errorf("%s is described with %v, and has %v", name, got, want)
		}
	}
}

// members returns the names that a struct's fields have in JSON.
func members(v reflect.Type) (names []string) {
	for field := range v.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			names = append(names, members(field.Type)...)
		} else if field.IsExported() && name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestDescribedExamples: what the description shows is accepted.
func TestDescribedExamples(t *testing.T) {
	f := run(t)
	f.control.finish() // so that nobody waits
	ben := f.person(t, "ben", account.RoleUser)
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/torrents", "/commands"} {
		op, _ := d.operation("POST /api/v1" + path)
		examples := op["requestBody"].(object)["content"].(object)["application/json"].(object)["examples"].(object)
		if len(examples) == 0 {
			t.Errorf("%s has no example", path)
		}
		for name, example := range examples {
			body, err := json.Marshal(example.(object)["value"])
			if err != nil {
				t.Fatal(err)
			}
			if a := f.post(t, "/api/v1"+path, ben, string(body)); a.StatusCode != http.StatusAccepted {
				t.Errorf("%s %s: %d %s", path, name, a.StatusCode, a.body)
			}
		}
	}
}

func TestDescription(t *testing.T) {
	f := run(t)
	a := f.do(t, call{path: "/api/v1/openapi.json"})
	if a.StatusCode != 200 || !strings.Contains(a.body, `"openapi":"3.1.0"`) || strings.Contains(a.body, `"<<"`) || strings.Contains(a.body, `"x-security"`) {
		t.Errorf("%d %.300s", a.StatusCode, a.body)
	}
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	// The check itself can fail.
	r, _ := http.NewRequest(http.MethodGet, "http://offing/api/v1/setup", nil)
	for _, bad := range []string{`{}`, `{"needed":1}`, `{"needed":true,"more":1}`, `x`} {
		if d.check(r, 200, "application/json", []byte(bad)) == nil {
			t.Errorf("%s passes", bad)
		}
	}
	if err := d.check(r, 200, "application/json; charset=utf-8", []byte(`{"needed":true}`)); err != nil {
		t.Error(err)
	}
}
