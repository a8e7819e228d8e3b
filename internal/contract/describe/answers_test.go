package describe_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	lambda "github.com/aws/aws-lambda-go/events"

	"github.com/orderflow/orderflow/internal/problem"
)

// said is one answer that an operation can give, as far as a client tells answers apart.
type said struct {
	route   string
	status  int
	media   string
	problem problem.Type // empty where the answer is no problem
}

// documentedAnswers lists every answer that the document has, but for the gateway's own.
func documentedAnswers(t *testing.T, doc document) map[said]bool {
	t.Helper()
	found := map[said]bool{}
	for path, methods := range get(doc.tree, "paths").(map[string]any) {
		for method, o := range methods.(map[string]any) {
			for key, r := range get(o, "responses").(map[string]any) {
				status, err := strconv.Atoi(key)
				if err != nil {
					t.Fatal(err)
				}
				a := said{route: strings.ToUpper(method) + " " + path, status: status}
				for media, c := range get(r, "content").(map[string]any) {
					a.media, a.problem = media, ""
					if get(c, "schema", "$ref") == "#/components/schemas/GatewayMessage" {
						continue
					}
					types := problemTypes(c)
					for _, p := range types {
						a.problem = p
						found[a] = true
					}
					if len(types) == 0 {
						found[a] = true
					}
				}
			}
		}
	}
	if len(found) < 20 {
		t.Fatalf("got only %d documented answers", len(found))
	}
	return found
}

// problemTypes lists the types that the schema of an answer allows.
func problemTypes(content any) []problem.Type {
	all, _ := get(content, "schema", "allOf").([]any)
	var types []problem.Type
	for _, part := range all {
		enum, _ := get(part, "properties", "type", "enum").([]any)
		for _, v := range enum {
			types = append(types, problem.Type(v.(string)))
		}
	}
	return types
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// answered is an answer with the request that got it.
type answered struct {
	ask
	got lambda.APIGatewayV2HTTPResponse
}

// everyAnswer asks all requests, and those that meet broken tables twice.
func everyAnswer(t *testing.T) []answered {
	t.Helper()
	a := newAPI(t)
	var all []answered
	send := func(asks []ask) {
		for _, q := range asks {
			all = append(all, answered{q, a.send(t, q)})
		}
	}
	send(requests(t, a))
	a.orders.err = errors.New("out of order")
	send(broken())
	a.orders.panics = true
	send(broken())
	return all
}

// sayOf sorts an answer.
func sayOf(t *testing.T, a answered) said {
	t.Helper()
	s := said{route: a.route, status: a.got.StatusCode, media: a.got.Headers["Content-Type"]}
	if s.media == problem.ContentType {
		var p struct {
			Type problem.Type `json:"type"`
		}
		if err := json.Unmarshal([]byte(a.got.Body), &p); err != nil {
			t.Fatal(err)
		}
		s.problem = p.Type
	}
	return s
}

// responseOf returns where the document describes an answer.
func responseOf(s said) []string {
	method, path, _ := strings.Cut(s.route, " ")
	return []string{"paths", path, strings.ToLower(method), "responses", strconv.Itoa(s.status)}
}

func TestTheDocumentHasEveryAnswerOfTheHandlersAndNoOther(t *testing.T) {
	documented := documentedAnswers(t, openOpen(t))
	given := map[said]bool{}
	for _, a := range everyAnswer(t) {
		s := sayOf(t, a)
		given[s] = true
		if !documented[s] {
			t.Errorf("%s answered %d %s %s, which is not documented: %s", s.route, s.status, s.media, s.problem, a.got.Body)
		}
	}
	for s := range documented {
		if !given[s] {
			t.Errorf("%s is said to answer %d %s %s, and no request got that", s.route, s.status, s.media, s.problem)
		}
	}
}

func TestEveryAnswersBodyIsValidByTheDocument(t *testing.T) {
	doc := openOpen(t)
	for _, a := range everyAnswer(t) {
		s := sayOf(t, a)
		at := pointer(append(responseOf(s), "content", s.media, "schema")...)
		if err := doc.at(t, at).Validate(fromJSON(t, []byte(a.got.Body))); err != nil {
			t.Errorf("%s %d: %v: %s", s.route, s.status, err, a.got.Body)
		}
	}
}

// everywhere are headers that every answer has, which the document says once.
var everywhere = []string{"Content-Type", "Cache-Control", "X-Content-Type-Options"}

func TestTheDocumentHasEveryHeaderOfTheAnswersAndNoOther(t *testing.T) {
	doc := openOpen(t)
	type place struct{ response, header string }
	given, documented := map[place]bool{}, map[place]bool{}
	for _, a := range everyAnswer(t) {
		response := responseOf(sayOf(t, a))
		described, _ := get(doc.tree, append(response, "headers")...).(map[string]any)
		for name, h := range described {
			at := place{strings.Join(response, " "), name}
			documented[at] = true
			if _, has := a.got.Headers[name]; !has && get(h, "required") == true {
				t.Errorf("%s: the answer lacks %s: %v", at.response, name, a.got.Headers)
			}
		}
		for _, name := range everywhere {
			if a.got.Headers[name] == "" {
				t.Errorf("%v: the answer lacks %s", response, name)
			}
		}
		for name := range a.got.Headers {
			at := place{strings.Join(response, " "), name}
			given[at] = true
			if described[name] == nil && !slices.Contains(everywhere, name) {
				t.Errorf("%s: the answer has %s, which is not documented", at.response, name)
			}
		}
	}
	if len(documented) < 8 {
		t.Errorf("found only the headers %v", slices.Collect(maps.Keys(documented)))
	}
	for at := range documented {
		if !given[at] {
			t.Errorf("%s: no answer had %s", at.response, at.header)
		}
	}
}

// A schema that allows more than what is there would let a field go undocumented.
func TestEveryMemberOfAnAnswerIsDocumentedAndTheOtherWayRound(t *testing.T) {
	doc := openOpen(t)
	seen := map[string]bool{}
	for _, a := range everyAnswer(t) {
		s := sayOf(t, a)
		w := walk{doc: doc, seen: seen, t: t}
		w.value(get(doc.tree, append(responseOf(s), "content", s.media, "schema")...), fromJSON(t, []byte(a.got.Body)))
	}
	for _, name := range []string{
		"RecordedOrder", "OrderSummary", "Order", "Change", "OrderPage", "Cancellation", "Received", "Problem", "Violation", "Item",
	} {
		properties, _ := get(doc.tree, "components", "schemas", name, "properties").(map[string]any)
		if len(properties) == 0 {
			t.Errorf("%s has no properties", name)
		}
		for p := range properties {
			if !seen[name+" "+p] {
				t.Errorf("%s has %s, which no answer had", name, p)
			}
		}
	}
}

// walk goes through an answer and its schema side by side.
type walk struct {
	t    *testing.T
	doc  document
	seen map[string]bool // "<component> <property>"
}

// value notes the members of v that schema has, and finds fault with those that it has not.
func (w walk) value(schema, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			found := w.property(schema, "", name)
			if found == nil {
				w.t.Errorf("member %s is not documented by %v", name, schema)
				continue
			}
			w.value(found, child)
		}
	case []any:
		items := w.items(schema)
		for _, child := range v {
			w.value(items, child)
		}
	}
}

// resolve follows a $ref by one step; within is the component that it is in.
func (w walk) resolve(schema any) (target any, within string) {
	ref, _ := get(schema, "$ref").(string)
	if ref == "" {
		return nil, ""
	}
	within = ref[strings.LastIndexByte(ref, '/')+1:]
	return get(w.doc.tree, "components", "schemas", within), within
}

// property returns the schema of a member, which may be had from what schema refers to.
func (w walk) property(schema any, within, name string) any {
	var found any
	if p := get(schema, "properties", name); p != nil {
		w.seen[within+" "+name] = true
		found = p
	}
	if target, component := w.resolve(schema); target != nil {
		if p := w.property(target, component, name); p != nil {
			found = p
		}
	}
	all, _ := get(schema, "allOf").([]any)
	for _, part := range all {
		if p := w.property(part, within, name); p != nil && found == nil {
			found = p
		}
	}
	return found
}

func (w walk) items(schema any) any {
	if items := get(schema, "items"); items != nil {
		return items
	}
	target, _ := w.resolve(schema)
	if target == nil {
		return nil
	}
	return w.items(target)
}
