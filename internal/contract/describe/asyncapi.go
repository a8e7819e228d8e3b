package describe

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/orderflow/orderflow/events"
	"github.com/orderflow/orderflow/schemas"
)

// The shapes of AsyncAPI 3.0.0 (https://www.asyncapi.com/docs/reference/specification/v3.0.0), as far as they are used.
type (
	asyncDocument struct {
		AsyncAPI           string                    `yaml:"asyncapi"`
		Info               info                      `yaml:"info"`
		DefaultContentType string                    `yaml:"defaultContentType"`
		Servers            map[string]asyncServer    `yaml:"servers"`
		Channels           map[string]channel        `yaml:"channels"`
		Operations         map[string]asyncOperation `yaml:"operations"`
		Components         asyncComponents           `yaml:"components"`
	}
	info struct {
		Title       string `yaml:"title"`
		Version     string `yaml:"version"`
		Description string `yaml:"description"`
	}
	asyncServer struct {
		Host        string              `yaml:"host"`
		Protocol    string              `yaml:"protocol"`
		Description string              `yaml:"description"`
		Variables   map[string]variable `yaml:"variables"`
	}
	variable struct {
		Default     string `yaml:"default"`
		Description string `yaml:"description"`
	}
	channel struct {
		Address     string               `yaml:"address"`
		Title       string               `yaml:"title"`
		Description string               `yaml:"description"`
		Servers     []reference          `yaml:"servers"`
		Messages    map[string]reference `yaml:"messages"`
	}
	asyncOperation struct {
		Action   string      `yaml:"action"`
		Summary  string      `yaml:"summary"`
		Channel  reference   `yaml:"channel"`
		Messages []reference `yaml:"messages"`
	}
	asyncComponents struct {
		Messages map[string]message    `yaml:"messages"`
		Schemas  map[string]*yaml.Node `yaml:"schemas"`
	}
	message struct {
		Name        string           `yaml:"name"`
		Title       string           `yaml:"title"`
		Summary     string           `yaml:"summary"`
		ContentType string           `yaml:"contentType"`
		Headers     headerSchema     `yaml:"headers"`
		Payload     payload          `yaml:"payload"`
		Examples    []messageExample `yaml:"examples"`
	}
	// headerSchema is of what EventBridge has around detail, which is what rules select by.
	headerSchema struct {
		Type       string              `yaml:"type"`
		Required   []string            `yaml:"required"`
		Properties map[string]property `yaml:"properties"`
	}
	payload struct {
		AllOf []part `yaml:"allOf"`
	}
	part struct {
		Ref        string              `yaml:"$ref,omitempty"`
		Properties map[string]property `yaml:"properties,omitempty"`
	}
	property struct {
		Ref     string `yaml:"$ref,omitempty"`
		Const   string `yaml:"const,omitempty"`
		Pattern string `yaml:"pattern,omitempty"`
	}
	messageExample struct {
		Name    string            `yaml:"name"`
		Headers map[string]string `yaml:"headers"`
		Payload *yaml.Node        `yaml:"payload"`
	}
	reference struct {
		Ref string `yaml:"$ref"`
	}
)

// version of both documents. The types of events have versions of their own.
const version = "1.0.0"

// envelope is the component that holds the envelope's schema.
const envelope = "CloudEvent"

const asyncDescription = `The events of orderflow: CloudEvents 1.0 in structured mode, in the detail of events on an EventBridge bus.

Each channel is a type of event with its major version, which is EventBridge's detail-type. An event arrives at least once and
in no order; its id names the fact, so that the same fact has the same id however often it comes. Consumers pass over fields that
they do not know and refuse majors that they do not know.`

func asyncAPI() ([]byte, error) {
	doc := asyncDocument{
		AsyncAPI:           "3.0.0",
		Info:               info{"orderflow events", version, asyncDescription},
		DefaultContentType: event.ApplicationCloudEventsJSON,
		Servers: map[string]asyncServer{"bus": {
			Host:        "events.{region}.amazonaws.com",
			Protocol:    "eventbridge",
			Description: "The stack's event bus. The stack's output BusName names it; rules and archives on it see every event.",
			Variables:   map[string]variable{"region": {"us-east-1", "The region of the stack."}},
		}},
		Channels:   map[string]channel{},
		Operations: map[string]asyncOperation{},
		Components: asyncComponents{Messages: map[string]message{}},
	}
	if err := doc.addSchemas(); err != nil {
		return nil, err
	}
	for _, e := range events.Catalog() {
		if err := doc.add(e); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Type, err)
		}
	}
	return write(doc)
}

// addSchemas adds what the schemas of the events share, and the envelope.
func (d *asyncDocument) addSchemas() error {
	found, err := definitions(draft07)
	if err != nil {
		return err
	}
	root, err := parse(envelopeJSON)
	if err != nil {
		return fmt.Errorf("envelope: %w", err)
	}
	found[envelope] = adapt(root, draft07)
	d.Components.Schemas = found
	return nil
}

// add adds a type of event with its schema, its producers and its consumers.
func (d *asyncDocument) add(e events.Entry) error {
	key := e.Type.Schema()
	data, err := component(key, draft07)
	if err != nil {
		return err
	}
	m, err := messageOf(e)
	if err != nil {
		return err
	}
	d.Components.Schemas[key] = data
	d.Components.Messages[key] = m
	d.Channels[key] = channel{
		Address:     string(e.Type),
		Title:       e.Type.Name(),
		Description: "Stated when " + e.Stated + ".",
		Servers:     []reference{{"#/servers/bus"}},
		Messages:    map[string]reference{key: {"#/components/messages/" + key}},
	}
	operation := func(action, summary string) asyncOperation {
		at := "#/channels/" + key
		return asyncOperation{action, summary, reference{at}, []reference{{at + "/messages/" + key}}}
	}
	for _, p := range e.Producers {
		d.Operations[p+"-states-"+key] = operation("send", p+" states that "+e.Stated+".")
	}
	for _, c := range e.Consumers {
		d.Operations[c+"-takes-"+key] = operation("receive", c+" takes "+e.Type.Name()+".")
	}
	return nil
}

func messageOf(e events.Entry) (message, error) {
	m := message{
		Name:        string(e.Type),
		Title:       e.Type.Name(),
		Summary:     "Stated when " + e.Stated + ".",
		ContentType: event.ApplicationCloudEventsJSON,
		Headers: headerSchema{
			Type:     "object",
			Required: []string{"source", "detail-type"},
			Properties: map[string]property{
				"source":      {Const: string(e.Source)},
				"detail-type": {Const: string(e.Type)},
			},
		},
		Payload: payload{[]part{
			{Ref: componentPrefix + envelope},
			{Properties: map[string]property{
				"type":       {Const: string(e.Type)},
				"source":     {Const: string(e.Source)},
				"dataschema": {Pattern: "^urn:orderflow:" + e.Type.Name() + ":" + strconv.Itoa(e.Type.Major()) + `\.(0|[1-9][0-9]{0,4})$`},
				"data":       {Ref: componentPrefix + e.Type.Schema()},
			}},
		}},
	}
	for _, ex := range schemas.Examples(e.Type.Schema(), schemas.Valid) {
		text, err := encoded(e, ex.Text)
		if err != nil {
			return message{}, fmt.Errorf("example %s: %w", ex.Name, err)
		}
		node, err := parse(text)
		if err != nil {
			return message{}, fmt.Errorf("example %s: %w", ex.Name, err)
		}
		m.Examples = append(m.Examples, messageExample{
			Name:    ex.Name,
			Headers: map[string]string{"source": string(e.Source), "detail-type": string(e.Type)},
			Payload: plain(node),
		})
	}
	return m, nil
}

// plain has n written as YAML rather than as JSON.
func plain(n *yaml.Node) *yaml.Node {
	n.Style = 0
	for _, child := range n.Content {
		plain(child)
	}
	return n
}
