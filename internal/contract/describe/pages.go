package describe

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/internal/problem"
	"github.com/orderflow/orderflow/schemas"
)

const eventsIntroduction = `# Events

CloudEvents 1.0 in structured mode, in EventBridge's ` + "`detail`" + `; EventBridge's ` + "`source` and `detail-type`" + ` are the event's source and type.
What a consumer is promised and what it must not assume stands in [events/doc.go](../events/doc.go). The same for machines: [asyncapi.yaml](asyncapi.yaml).

Who states what, and who takes it:

`

// eventsPage is the catalogue of events for people.
func eventsPage() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("<!-- " + madeBy + " -->\n" + eventsIntroduction)
	flow(&b)
	defs, err := source(schemas.Definitions)
	if err != nil {
		return nil, err
	}
	for _, e := range events.Catalog() {
		if err := section(&b, e, member(defs, "$defs")); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Type, err)
		}
	}
	return b.Bytes(), nil
}

// flow draws producers, types and consumers.
func flow(b *bytes.Buffer) {
	node := func(key string) string { return strings.ReplaceAll(key, "-", "_") + "[" + key + "]" }
	b.WriteString("```mermaid\nflowchart LR\n")
	for _, e := range events.Catalog() {
		fact := strings.ReplaceAll(e.Type.Schema(), ".", "_") + "([" + e.Type.Schema() + "])"
		for _, p := range e.Producers {
			fmt.Fprintf(b, "    %s --> %s\n", node(p), fact)
		}
		for _, c := range e.Consumers {
			fmt.Fprintf(b, "    %s --> %s\n", fact, node(c))
		}
	}
	b.WriteString("```\n")
}

// section describes one type.
func section(b *bytes.Buffer, e events.Entry, defs *yaml.Node) error {
	name := e.Type.Schema()
	root, err := source(name)
	if err != nil {
		return err
	}
	told, err := idRule(e)
	if err != nil {
		return err
	}
	example, err := shown(e)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## %s\n\nStated when %s.\n\n| | |\n|---|---|\n", name, e.Stated)
	rows := [][2]string{
		{"type", code(string(e.Type))},
		{"source", code(string(e.Source))},
		{"stated by", codes(e.Producers)},
		{"taken by", codes(e.Consumers)},
		{"id", "UUIDv5 over the type and " + codes(told)},
		{"versions", versions(e)},
		{"schema", "[" + name + ".json](../schemas/" + name + ".json), [examples](../schemas/examples/" + name + ")"},
	}
	for _, r := range rows {
		fmt.Fprintf(b, "| %s | %s |\n", r[0], r[1])
	}
	b.WriteString("\n| field | type | required | constraints | what it is |\n|---|---|---|---|---|\n")
	if err := fields(b, root, defs, ""); err != nil {
		return err
	}
	fmt.Fprintf(b, "\n<details><summary>an example</summary>\n\n```json\n%s\n```\n\n</details>\n", example)
	return nil
}

func code(s string) string { return "`" + s + "`" }

// codes lists names, or says that there are none.
func codes(names []string) string {
	if len(names) == 0 {
		return "nobody here"
	}
	var out []string
	for _, n := range names {
		out = append(out, code(n))
	}
	return strings.Join(out, ", ")
}

// versions lists the minor versions of a type's major, the newest last.
func versions(e events.Entry) string {
	var out []string
	for minor := range e.Minor + 1 {
		out = append(out, strconv.Itoa(e.Type.Major())+"."+strconv.Itoa(minor))
	}
	return strings.Join(out, ", ")
}

var errNoExample = errors.New("has no valid example")

// shown returns the example "full", or the first that there is, as it stands on the bus.
func shown(e events.Entry) ([]byte, error) {
	all := schemas.Examples(e.Type.Schema(), schemas.Valid)
	if len(all) == 0 {
		return nil, errNoExample
	}
	i := max(0, slices.IndexFunc(all, func(ex schemas.Example) bool { return ex.Name == "full" }))
	text, err := encoded(e, all[i].Text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// problemsPage lists the kinds of problems, and which operations answer with them.
func problemsPage() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("<!-- " + madeBy + ` -->
# Problems

Every error of the API is an ` + "`application/problem+json`" + ` (RFC 9457). Go by ` + "`type`" + `: it is a name, not an address, and never changes its
meaning. [openapi.yaml](openapi.yaml) says which headers come with it. What the gateway refuses before a function sees it, such as a request without
a valid token, is an ` + "`application/json`" + ` of the gateway's own, with nothing in it but a message.

| type | status | title | when, and what to do | operations |
|---|---|---|---|---|
`)
	for _, k := range problem.Kinds() {
		var at []string
		for _, o := range operations() {
			if slices.Contains(o.problems, k.Type) {
				at = append(at, code(o.route))
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s |\n", code(string(k.Type)), k.Status, k.Title, k.Met, strings.Join(at, ", "))
	}
	return b.Bytes(), nil
}
