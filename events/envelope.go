package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/orderflow/orderflow/internal/strictjson"
)

// MaxSize is the largest encoded event, in bytes. EventBridge would take more
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html); an accepted order never needs it.
const MaxSize = 64 << 10

// The extension attributes that every event may have. CloudEvents allows lower-case letters and digits in their names.
const (
	extCausationID = "causationid"
	extTraceParent = "traceparent"
)

// Errors of [Parse], [DataOf] and [Encode]. Compare with errors.Is; where data or
// envelope break a rule of the schema, the error holds a *strictjson.Error.
var (
	// ErrUnknownType means that the type, or its major version, is not in the catalog.
	ErrUnknownType = errors.New("unknown event type or major version")
	// ErrTooLarge means that the encoded event is over MaxSize.
	ErrTooLarge = errors.New("event is over 64 KiB")
)

// Cause is what a new event takes over from what caused it.
type Cause struct {
	ID          string // of the causing event; empty for a request from outside
	TraceParent string // W3C trace context, empty where there is none; one that is not valid is not carried on
}

// CauseOf returns e as the cause of another event.
func CauseOf(e event.Event) Cause {
	return Cause{ID: e.ID(), TraceParent: TraceParent(e)}
}

// TraceParent returns the W3C trace context that e carries, or an empty string where it has none that is valid, see [CarryTrace].
func TraceParent(e event.Event) string { return CarryTrace(extension(e, extTraceParent)) }

// CausationID returns the id of the event that caused e, or an empty string.
func CausationID(e event.Event) string { return extension(e, extCausationID) }

func extension(e event.Event, name string) string {
	s, _ := e.Extensions()[name].(string)
	return s
}

// New states the fact in d, committed at the given time. The error is a *strictjson.Error where the schema of d's type refuses d.
func New(d Data, at time.Time, because Cause) (event.Event, error) {
	entry, ok := Lookup(d.Type())
	if !ok {
		return event.Event{}, fmt.Errorf("new event %s: %w", d.Type(), ErrUnknownType)
	}
	if err := strictjson.Report(violations(d)); err != nil {
		return event.Event{}, fmt.Errorf("new event %s: %w", d.Type(), err)
	}
	data, err := json.Marshal(d)
	if err != nil {
		return event.Event{}, fmt.Errorf("new event %s: %w", d.Type(), err)
	}
	contentType, subject := event.ApplicationJSON, string(d.Subject())
	attributes := event.EventContextV1{
		ID:              IDOf(d),
		Source:          types.URIRef{URL: url.URL{Path: string(entry.Source)}},
		Type:            string(entry.Type),
		DataContentType: &contentType,
		Subject:         &subject,
		Time:            &types.Timestamp{Time: at.UTC()},
		DataSchema:      &types.URI{URL: url.URL{Scheme: "urn", Opaque: strings.TrimPrefix(entry.DataSchema(), "urn:")}},
	}
	if because.ID != "" {
		attributes.Extensions = map[string]any{extCausationID: because.ID}
	}
	out := event.Event{Context: &attributes, DataEncoded: data}
	if trace := CarryTrace(because.TraceParent); trace != "" {
		out.SetExtension(extTraceParent, trace)
	}
	return out, nil
}

// namespace of all event ids: the UUIDv5 of "urn:orderflow:events" in the URL namespace.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:orderflow:events"))

// IDOf returns the id of the fact in d: a UUIDv5 over its type, its order and what else tells it from other facts.
func IDOf(d Data) string {
	parts := append([]string{string(d.Type()), string(d.Subject())}, d.fact()...)
	return uuid.NewSHA1(namespace, []byte(strings.Join(parts, "\n"))).String()
}

// envelope is what every event on the bus has around its data. Times and ids are
// checked here as strings; the SDK parses them.
type envelope struct {
	ID              string         `json:"id"`
	Source          Source         `json:"source"`
	SpecVersion     string         `json:"specversion"`
	Type            Type           `json:"type"`
	Subject         OrderID        `json:"subject"`
	Time            time.Time      `json:"time"`
	DataSchema      string         `json:"dataschema"`
	DataContentType string         `json:"datacontenttype"`
	Data            jsontext.Value `json:"data"`
}

// Parse reads a structured-mode CloudEvent as the bus carries it, and refuses
// everything that the envelope's rules forbid. It does not look into the data:
// see [DataOf] and [As].
func Parse(raw []byte) (event.Event, error) {
	if len(raw) > MaxSize {
		return event.Event{}, ErrTooLarge
	}
	var env envelope
	if err := strictjson.Decode(raw, &env, strictjson.Ignore); err != nil {
		return event.Event{}, fmt.Errorf("parse event: %w", err)
	}
	entry, known := Lookup(env.Type)
	if !known {
		return event.Event{}, fmt.Errorf("parse event: %w", ErrUnknownType)
	}
	if err := strictjson.Report(append(env.violations(entry), extensionRules(raw)...)); err != nil {
		return event.Event{}, fmt.Errorf("parse event %s: %w", env.Type, err)
	}
	var e event.Event
	if err := e.UnmarshalJSON(raw); err != nil {
		return event.Event{}, fmt.Errorf("parse event %s: %w", env.Type, errUnreadable)
	}
	if err := e.Validate(); err != nil {
		return event.Event{}, fmt.Errorf("parse event %s: %w", env.Type, errUnreadable)
	}
	return e, nil
}

// errUnreadable stands for errors of the SDK, which may quote what they read.
var errUnreadable = errors.New("is not a CloudEvent by the CloudEvents SDK")

func (env envelope) violations(entry Entry) []strictjson.Violation {
	var c checker
	c.require(env.SpecVersion == event.CloudEventsVersionV1, "/specversion", "must be 1.0")
	c.require(strings.TrimSpace(env.ID) != "" && utf8.RuneCountInString(env.ID) <= 255, "/id", "must be 1 to 255 characters")
	c.require(isText(env.ID), "/id", "must have no control characters or noncharacters")
	c.require(env.Source == entry.Source, "/source", "must be "+string(entry.Source))
	c.require(env.DataContentType == event.ApplicationJSON, "/datacontenttype", "must be application/json")
	c.require(env.Subject.Valid(), "/subject", "must be an order id")
	c.require(sameMajor(env.DataSchema, entry), "/dataschema", "must be "+schemaPrefix+entry.Type.Name()+":"+strconv.Itoa(entry.Type.Major())+".<minor>")
	return c.violations
}

// sameMajor reports whether schema names entry's type and major version, in any minor version.
func sameMajor(schema string, entry Entry) bool {
	minor, ok := strings.CutPrefix(schema, schemaPrefix+entry.Type.Name()+":"+strconv.Itoa(entry.Type.Major())+".")
	n, err := strconv.ParseUint(minor, 10, 16)
	return ok && err == nil && strconv.FormatUint(n, 10) == minor
}

// DataOf decodes and checks the data of an event of any type in the catalog.
// The error holds a *strictjson.Error, with pointers into the event, where the schema refuses the data.
func DataOf(e event.Event) (Data, error) {
	entry, ok := Lookup(Type(e.Type()))
	if !ok {
		return nil, fmt.Errorf("data of event: %w", ErrUnknownType)
	}
	d, err := entry.decode(e.Data())
	if err != nil {
		return nil, fmt.Errorf("data of %s: %w", e.Type(), below("/data", err))
	}
	if string(d.Subject()) != e.Subject() {
		return nil, fmt.Errorf("data of %s: %w", e.Type(), strictjson.Report([]strictjson.Violation{{Pointer: "/subject", Detail: "must be data's order_id"}}))
	}
	return d, nil
}

// As is [DataOf] for a consumer of one type. Another type is ErrUnknownType.
func As[T Data](e event.Event) (T, error) {
	var none T
	d, err := DataOf(e)
	if err != nil {
		return none, err
	}
	t, ok := d.(T)
	if !ok {
		return none, fmt.Errorf("data of %s: want %s: %w", e.Type(), none.Type(), ErrUnknownType)
	}
	return t, nil
}

// decode reads and checks data of type T.
func decode[T Data](raw []byte) (Data, error) {
	var d T
	if err := strictjson.Complete(strictjson.Decode(raw, &d, strictjson.Ignore), violations(d)); err != nil {
		return nil, err
	}
	return d, nil
}

func violations(d Data) []strictjson.Violation {
	var c checker
	d.check(&c)
	return c.violations
}

// below puts prefix before every pointer in err.
func below(prefix string, err error) error {
	e, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return err
	}
	moved := &strictjson.Error{Violations: slices.Clone(e.Violations), Unreadable: e.Unreadable}
	for i := range moved.Violations {
		moved.Violations[i].Pointer = prefix + moved.Violations[i].Pointer
	}
	return moved
}

// Encode writes e in structured mode, after checking that the catalog knows it, that its schema takes it, and that it is not over [MaxSize].
func Encode(e event.Event) ([]byte, error) {
	if err := e.Validate(); err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	if _, err := DataOf(e); err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	var buf bytes.Buffer
	if err := event.WriteJson(&e, &buf); err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	if buf.Len() > MaxSize {
		return nil, fmt.Errorf("encode event: %w", ErrTooLarge)
	}
	return buf.Bytes(), nil
}
