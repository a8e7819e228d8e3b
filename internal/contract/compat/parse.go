package compat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Schema is a JSON Schema with its references followed.
type Schema struct {
	ID   string // its $id
	root *node
}

// Library holds schemas by their $id, for others to refer to.
type Library map[string]json.RawMessage

// Add puts a schema into the library unless one of the same $id is there already. The error says that text is no schema with an $id.
func (l Library) Add(text []byte) error {
	id, err := idOf(text)
	if err != nil {
		return err
	}
	if _, ok := l[id]; !ok {
		l[id] = text
	}
	return nil
}

var errNoID = errors.New("has no $id")

func idOf(text []byte) (string, error) {
	var head struct {
		ID string `json:"$id"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return "", fmt.Errorf("is not a JSON object: %w", err)
	}
	if head.ID == "" {
		return "", errNoID
	}
	return head.ID, nil
}

// Parse reads a schema and follows its references, within itself and into lib.
// The error names the JSON pointer at which a schema cannot be read or a reference not be followed.
func Parse(text []byte, lib Library) (Schema, error) {
	id, err := idOf(text)
	if err != nil {
		return Schema{}, err
	}
	p := parser{lib: Library{id: text}}
	for other, t := range lib {
		if other != id {
			p.lib[other] = t
		}
	}
	root, err := p.parse(text, id, "")
	if err != nil {
		return Schema{}, err
	}
	return Schema{id, root}, nil
}

type parser struct {
	lib       Library
	following []string // the references that are being followed now
}

// parse reads the schema raw, which stands at pointer in the schema of that id.
func (p *parser) parse(raw json.RawMessage, id, pointer string) (*node, error) {
	text, err := canonical(raw)
	if err != nil {
		return nil, wrong(pointer, err)
	}
	n := newNode(text)
	if text == "true" || text == "false" {
		n.never = text == "false"
		return n, nil
	}
	var keywords map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keywords); err != nil {
		return nil, wrong(pointer, errors.New("must be an object, true or false"))
	}
	for _, keyword := range sorted(keywords) {
		if err := p.keyword(n, keyword, keywords[keyword], id, pointer); err != nil {
			return nil, err
		}
	}
	return joined(n), nil
}

func wrong(pointer string, err error) error { return fmt.Errorf("at %q: %w", pointer, err) }

var errUnfollowed = errors.New("leads elsewhere in a way that cannot be followed")

// keyword reads one keyword of n.
func (p *parser) keyword(n *node, keyword string, raw json.RawMessage, id, pointer string) (err error) {
	at := below(pointer, keyword)
	nested := pointer != "" && (keyword == "$id" || keyword == "$schema")
	switch kindOf(keyword) {
	case obscure:
		return wrong(at, errUnfollowed)
	case schema, inverted:
		if keyword == reference {
			n.schemas[keyword], err = p.follow(raw, id, at)
			return err
		}
		n.schemas[keyword], err = p.parse(raw, id, at)
		return err
	case conjunction, disjunction, exclusive, tuple:
		n.lists[keyword], err = p.list(raw, id, at)
		return err
	case members, named:
		n.groups[keyword], err = p.group(raw, id, at)
		return err
	case unknown:
		if strings.Contains(string(raw), `Ref"`) || strings.Contains(string(raw), `"$ref"`) {
			return wrong(at, errUnfollowed)
		}
	case header:
		if nested {
			return wrong(at, errUnfollowed)
		}
		if keyword == "$defs" && pointer == "" {
			n.groups[keyword], err = p.group(raw, id, at)
		}
		if keyword != "$schema" {
			return err
		}
	default:
	}
	n.values[keyword], err = p.value(keyword, raw)
	if err != nil {
		return wrong(at, err)
	}
	return nil
}

var errNotANumber = errors.New("must be a number")

func (p *parser) value(keyword string, raw json.RawMessage) (string, error) {
	text, err := canonical(raw)
	if err != nil {
		return "", err
	}
	if k := kindOf(keyword); k == floor || k == ceiling {
		if _, err := rational(text); err != nil {
			return "", errNotANumber
		}
	}
	return text, nil
}

func (p *parser) list(raw json.RawMessage, id, at string) ([]*node, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, wrong(at, errors.New("must be a list"))
	}
	nodes := make([]*node, len(items))
	for i, item := range items {
		var err error
		if nodes[i], err = p.parse(item, id, below(at, strconv.Itoa(i))); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

func (p *parser) group(raw json.RawMessage, id, at string) (map[string]*node, error) {
	var items map[string]json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, wrong(at, errors.New("must be an object"))
	}
	nodes := map[string]*node{}
	for _, name := range sorted(items) {
		var err error
		if nodes[name], err = p.parse(items[name], id, below(at, name)); err != nil {
			return nil, err
		}
	}
	return nodes, nil
}

// follow reads the schema that a reference in the schema of that id leads to.
func (p *parser) follow(raw json.RawMessage, id, at string) (*node, error) {
	var ref string
	if err := json.Unmarshal(raw, &ref); err != nil {
		return nil, wrong(at, errors.New("must be a string"))
	}
	base, fragment, _ := strings.Cut(ref, "#")
	if base == "" {
		base = id
	}
	full := base + "#" + fragment
	if slices.Contains(p.following, full) {
		return nil, wrong(at, fmt.Errorf("%s leads back to itself", ref))
	}
	text, ok := p.lib[base]
	if !ok {
		return nil, wrong(at, fmt.Errorf("refers to %s, which no schema has as its $id", base))
	}
	target, pointer, err := find(text, fragment)
	if err != nil {
		return nil, wrong(at, fmt.Errorf("refers to %s: %w", ref, err))
	}
	p.following = append(p.following, full)
	defer func() { p.following = p.following[:len(p.following)-1] }()
	n, err := p.parse(target, base, pointer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", base, err)
	}
	return n, nil
}

var errNotThere = errors.New("there is nothing at that pointer")

// find returns what a fragment points at, and the fragment as a JSON pointer (RFC 6901, section 6).
func find(text json.RawMessage, fragment string) (json.RawMessage, string, error) {
	pointer, err := url.PathUnescape(fragment)
	if err != nil || (pointer != "" && !strings.HasPrefix(pointer, "/")) {
		return nil, "", errNotThere
	}
	if pointer == "" {
		return text, "", nil
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		var object map[string]json.RawMessage
		if json.Unmarshal(text, &object) != nil || object[token] == nil {
			return nil, "", errNotThere // a list has no names, and we refer to definitions by name
		}
		text = object[token]
	}
	return text, pointer, nil
}

// joined puts what n refers to in the place of the reference, where that means the same.
func joined(n *node) *node {
	target, ok := n.schemas[reference]
	if !ok || target.never {
		return n
	}
	for _, keyword := range n.keywords() {
		own := keyword != reference && kindOf(keyword) != header && kindOf(keyword) != note
		if own && (!joins(keyword) || target.has(keyword)) {
			return n
		}
	}
	delete(n.schemas, reference)
	for keyword, v := range target.values {
		if _, own := n.values[keyword]; !own && keyword != "$schema" {
			n.values[keyword] = v
		}
	}
	for keyword, s := range target.schemas {
		n.schemas[keyword] = s
	}
	for keyword, l := range target.lists {
		n.lists[keyword] = l
	}
	for keyword, g := range target.groups {
		if keyword != "$defs" {
			n.groups[keyword] = g
		}
	}
	return n
}

// below extends a JSON pointer (RFC 6901).
func below(pointer, token string) string {
	return pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(token)
}
