package command

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"offing/tunnel/state"
)

// What docs/PROTOCOL.md shows of commands are fenced blocks whose first word says what
// they are:
//
//	command END     one frame in hexadecimal digits, and what it says as JSON; the
//	                blocks of one end are its stream, in their order
//	vocabulary TYPE the keys of a map: number, name, type
const protocolPage = "../../docs/PROTOCOL.md"

// block is a fenced block.
type block struct {
	name  string // the second word behind the fence
	lines []string
}

// blocks returns the blocks of one kind.
func blocks(t *testing.T, kind string) (found []block) {
	t.Helper()
	page, err := os.ReadFile(protocolPage)
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(page), "```") {
		if i%2 == 0 {
			continue
		}
		head, rest, _ := strings.Cut(part, "\n")
		if words := append(strings.Fields(head), "", ""); words[0] == kind {
			found = append(found, block{words[1], strings.Split(strings.TrimSpace(rest), "\n")})
		}
	}
	return found
}

// vocabulary are the maps that the page lists.
var vocabulary = []any{
	Command{}, Removal{}, Moving{}, Renaming{}, Changes{}, TrackerReplacement{}, Addition{}, NewSettings{},
	Progress{}, Result{}, Fault{}, Failure{}, Added{}, Space{},
}

// keys returns the lines of a map of the vocabulary.
func keys(v any) (lines []string) {
	for f := range reflect.TypeOf(v).Fields() {
		number, _, _ := strings.Cut(f.Tag.Get("cbor"), ",")
		word, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		lines = append(lines, fmt.Sprintf("%s %s %s", number, word, cborType(f.Type)))
	}
	return lines
}

// cborType is what the page calls a type.
func cborType(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[ID](), reflect.TypeFor[state.Hash]():
		return fmt.Sprintf("bytes(%d)", t.Len())
	case reflect.TypeFor[[]byte]():
		return "bytes"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return cborType(t.Elem())
	case reflect.Slice:
		return "[" + cborType(t.Elem()) + "]"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "bool"
	case reflect.Struct:
		return t.Name()
	}
	return "int"
}

func TestVocabularyOfThePage(t *testing.T) {
	found := blocks(t, "vocabulary")
	if len(found) != len(vocabulary) {
		t.Fatalf("the page lists %d maps, want %d", len(found), len(vocabulary))
	}
	for i, v := range vocabulary {
		if got, want := found[i].lines, keys(v); found[i].name != reflect.TypeOf(v).Name() || !reflect.DeepEqual(got, want) {
			t.Errorf("the page says of %s\n%s\nwant %s\n%s", found[i].name, strings.Join(got, "\n"), reflect.TypeOf(v).Name(), strings.Join(want, "\n"))
		}
	}
}

// frameWords are the page's names of the frames.
var frameWords = map[frameType]string{
	frameHello: "hello", frameCommand: "command", framePart: "part", frameLast: "last", frameCancel: "cancel", frameForget: "forget",
	frameKept: "kept", frameProgress: "progress", frameResult: "result", frameAgain: "again", frameForgotten: "forgotten", frameTaken: "taken",
}

// describe returns what the page writes for a frame.
func describe(c codec, t frameType, body []byte) (string, error) {
	var v any
	switch t {
	case frameHello:
		v = &hello{}
	case frameCommand:
		v = &Command{}
	case frameProgress:
		v = &Progress{}
	case frameResult:
		v = &Result{}
	case frameTaken:
		v = &count{}
	case framePart, frameLast:
		return fmt.Sprintf(`%s {"bytes":%d}`, frameWords[t], len(body)), nil
	default:
		v = &name{}
	}
	if err := c.decode(body, v); err != nil {
		return "", err
	}
	var text any = v
	switch v := v.(type) {
	case *hello:
		text = map[string]uint32{"version": v.Version}
	case *count:
		text = map[string]uint64{"bytes": v.Bytes}
	case *name:
		text = map[string]ID{"id": v.ID}
	}
	said, err := json.Marshal(text)
	return frameWords[t] + " " + string(said), err
}

// TestConversationOfThePage reads the page's example, frame by frame.
func TestConversationOfThePage(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	streams := map[string]*bytes.Buffer{"home": {}, "box": {}}
	readers := map[string]*reader{"home": newReader(streams["home"], fromHome), "box": newReader(streams["box"], fromBox)}
	found := blocks(t, "command")
	if len(found) < 10 {
		t.Fatalf("the page has %d frames", len(found))
	}
	for i, b := range found {
		last := len(b.lines) - 1
		raw, err := hex.DecodeString(strings.Join(b.lines[:last], ""))
		if err != nil || streams[b.name] == nil {
			t.Fatalf("block %d of %q: %v", i, b.name, err)
		}
		streams[b.name].Write(raw)
		kind, body, err := readers[b.name].next()
		if err != nil {
			t.Fatalf("block %d: %v", i, err)
		}
		said, err := describe(c, kind, body)
		if err != nil || said != b.lines[last] {
			t.Errorf("block %d says\n%s\nwant\n%s\n%v", i, b.lines[last], said, err)
		}
	}
	for end, r := range readers {
		if _, _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s goes on: %v", end, err)
		}
	}
}
